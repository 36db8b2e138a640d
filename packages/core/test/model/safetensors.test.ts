import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDtype, readSafetensorsHeader, tensorBytes, writeSafetensors } from '@lowbit/core';
import type { NewTensor } from '@lowbit/core';
import t from 'tap';
import { counting, safetensorsBytes } from '../fixtures/safetensors-bytes.js';

const entry = (dtype: unknown, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

t.test('what is written is read back, wider dtypes first, data aligned', async (t) => {
  const path = join(t.testdir(), 'a.safetensors');
  const tensors: NewTensor[] = [
    { name: 'codes', dtype: 'U8', shape: [3], data: counting(3) },
    { name: 'a', dtype: 'F32', shape: [2, 2], data: () => Promise.resolve(counting(16)) },
    { name: 'none', dtype: 'F32', shape: [0, 7], data: new Uint8Array() },
    { name: 'scalar', dtype: 'BF16', shape: [], data: counting(2) },
    { name: '__proto__', dtype: 'I64', shape: [1], data: counting(8) },
  ];
  await writeSafetensors(path, tensors, { format: 'pt' });
  const file = await readSafetensorsHeader(path);
  t.strictSame(file.metadata, { format: 'pt' });
  t.strictSame([...file.tensors.keys()].sort(), tensors.map(({ name }) => name).sort());
  const bytes = await readFile(path);
  t.equal(file.bytes, bytes.length);
  t.equal(bytes.readBigUInt64LE() % 8n, 0n, 'the header is padded to whole words');
  for (const { name, dtype, shape, data } of tensors) {
    const stored = file.tensors.get(name);
    t.match(stored, { name, dtype, shape, file: file.file });
    const expected = data instanceof Uint8Array ? data : await data();
    t.strictSame(
      new Uint8Array(bytes.subarray(stored?.offset, (stored?.offset ?? 0) + (stored?.bytes ?? 0))),
      expected,
    );
    t.equal((stored?.offset ?? 1) % (tensorBytes(dtype, [1]) ?? 1), 0, `${name} is aligned`);
  }
});

t.test('the layout is the format of the specification, byte for byte', async (t) => {
  const path = join(t.testdir(), 'a.safetensors');
  await writeSafetensors(path, [{ name: 'x', dtype: 'F16', shape: [2], data: counting(4) }]);
  const header = '{"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}  ';
  const expected = Buffer.concat([Buffer.from([header.length, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(header), counting(4)]);
  t.strictSame(await readFile(path), expected);
});

t.test('a symlink is resolved, as in hub caches', async (t) => {
  const folder = t.testdir({ blobs: {} });
  await writeSafetensors(join(folder, 'blobs', 'abc'), [{ name: 'x', dtype: 'U8', shape: [1], data: counting(1) }]);
  await symlink('blobs/abc', join(folder, 'model.safetensors'));
  const { tensors } = await readSafetensorsHeader(join(folder, 'model.safetensors'));
  t.match(tensors.get('x')?.file, /blobs\/abc$/);
});

t.test('every malformed file is a clear error', async (t) => {
  const good = { x: entry('F32', [2], 0, 8), y: entry('F32', [1], 8, 12) };
  const huge = Buffer.alloc(16, 0xff);
  const cases: [what: string, bytes: Uint8Array, code: string, message: RegExp][] = [
    ['empty', Buffer.alloc(0), 'CHECKPOINT_HEADER', /bad\.safetensors must begin with 8 bytes .* 0 bytes/],
    ['header beyond the file', huge, 'CHECKPOINT_HEADER', /states a header of 18446744073709551615 bytes, and only 8/],
    ['cut in the header', safetensorsBytes(good, 12).subarray(0, 60), 'CHECKPOINT_HEADER', /truncated/],
    ['cut in the data', safetensorsBytes(good, 11), 'CHECKPOINT_TENSOR', /"y" .* ends at byte 12 .* holds only 11/],
    ['not JSON', safetensorsBytes('{"x":', 0), 'CHECKPOINT_HEADER', /must be JSON/],
    ['not an object', safetensorsBytes('[1]', 0), 'CHECKPOINT_HEADER', /must be a JSON object, and it is \[1\]/],
    ['not UTF-8', safetensorsBytes(Buffer.from([0x7b, 0xff, 0x7d]), 0), 'CHECKPOINT_HEADER', /UTF-8/],
    [
      'a key twice',
      safetensorsBytes(`{"x":${JSON.stringify(good.x)},"\\u0078":${JSON.stringify(good.x)}}`, 8),
      'CHECKPOINT_HEADER',
      /key "x" twice/,
    ],
    ['metadata of numbers', safetensorsBytes({ __metadata__: { a: 1 } }, 0), 'CHECKPOINT_HEADER', /"a" is 1/],
    ['metadata a list', safetensorsBytes({ __metadata__: [] }, 0), 'CHECKPOINT_HEADER', /must be an object/],
    [
      'overlap',
      safetensorsBytes({ x: entry('F32', [2], 0, 8), y: entry('F32', [2], 4, 12) }, 12),
      'CHECKPOINT_TENSOR',
      /"x" and "y" .* overlap at byte 4/,
    ],
    [
      'gap',
      safetensorsBytes({ x: entry('F32', [1], 0, 4), y: entry('F32', [1], 8, 12) }, 12),
      'CHECKPOINT_TENSOR',
      /"y" .* 4 bytes before it belong to no tensor/,
    ],
    ['bytes at the end', safetensorsBytes(good, 20), 'CHECKPOINT_TENSOR', /last 8 of 20 data bytes/],
    ['wrong width', safetensorsBytes({ x: entry('F16', [2], 0, 8) }, 8), 'CHECKPOINT_TENSOR', /"x" .* needs 4 bytes/],
    ['unknown dtype', safetensorsBytes({ x: entry('F31', [2], 0, 8) }, 8), 'CHECKPOINT_TENSOR', /"x" .* "F31"/],
    ['inherited dtype', safetensorsBytes({ x: entry('toString', [2], 0, 8) }, 8), 'CHECKPOINT_TENSOR', /"toString"/],
    ['odd 4-bit count', safetensorsBytes({ x: entry('F4', [3], 0, 1) }, 1), 'CHECKPOINT_TENSOR', /needs too many/],
    ['negative shape', safetensorsBytes({ x: entry('F32', [-2], 0, 8) }, 8), 'CHECKPOINT_TENSOR', /"x" .* \[-2\]/],
    [
      'a product beyond all counting',
      safetensorsBytes({ x: entry('F32', [2 ** 40, 2 ** 40], 0, 8) }, 8),
      'CHECKPOINT_TENSOR',
      /"x" .* too many bytes/,
    ],
    ['backwards', safetensorsBytes({ x: entry('F32', [2], 8, 0) }, 8), 'CHECKPOINT_TENSOR', /"x" .* before it begins/],
    [
      'one offset',
      safetensorsBytes({ x: { dtype: 'F32', shape: [0], data_offsets: [0] } }, 0),
      'CHECKPOINT_TENSOR',
      /"x"/,
    ],
    ['no object', safetensorsBytes({ x: 1 }, 0), 'CHECKPOINT_TENSOR', /"x" .* it is 1/],
  ];
  for (const [what, bytes, code, message] of cases) {
    const path = join(t.testdir(), 'bad.safetensors');
    await writeFile(path, bytes);
    await t.rejects(readSafetensorsHeader(path), { code, message }, what);
  }
  const folder = t.testdir({ 'a.safetensors': {} });
  await t.rejects(readSafetensorsHeader(join(folder, 'a.safetensors')), { code: 'CHECKPOINT_HEADER' }, 'a folder');
  await t.rejects(readSafetensorsHeader(join(folder, 'b')), { code: 'CHECKPOINT_MISSING', message: /\/b must be/ });
});

t.test('a header longer than the format allows is refused before it is read', async (t) => {
  const path = join(t.testdir(), 'a.safetensors');
  await writeSafetensors(path, []);
  // Sparse: the length takes no room on disk.
  const { open } = await import('node:fs/promises');
  const handle = await open(path, 'r+');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(100_000_001n);
  await handle.write(length, 0, 8, 0);
  await handle.truncate(200_000_000);
  await handle.close();
  await t.rejects(readSafetensorsHeader(path), { code: 'CHECKPOINT_HEADER', message: /the format allows 100000000/ });
});

t.test('a write that fails leaves the old file and nothing else', async (t) => {
  const folder = t.testdir({ 'a.safetensors': 'old' });
  const path = join(folder, 'a.safetensors');
  const tensor = { name: 'x', dtype: 'F32', shape: [2] } as const;
  const fail = () => Promise.reject(new Error('no more'));
  await t.rejects(writeSafetensors(path, [{ ...tensor, data: fail }]), { message: 'no more' });
  await t.rejects(
    writeSafetensors(path, [{ ...tensor, data: counting(7) }]),
    RangeError('Tensor "x" of dtype F32 and shape [2] needs 8 bytes, and 7 came.'),
  );
  const twice = { ...tensor, data: counting(8) };
  await t.rejects(writeSafetensors(path, [twice, twice]), { name: 'RangeError', message: /"x" comes twice/ });
  await t.rejects(writeSafetensors(path, [{ name: 'x', dtype: 'F4', shape: [1], data: counting(1) }]), RangeError);
  await t.rejects(writeSafetensors(join(folder, 'no', 'a'), []), { code: 'ENOENT' });
  t.strictSame(await readdir(folder), ['a.safetensors']);
  t.equal(await readFile(path, 'utf8'), 'old');
});

t.test('dtypes', async (t) => {
  t.equal(isDtype('BF16'), true);
  t.equal(isDtype('constructor'), false);
  t.equal(tensorBytes('F6_E2M3', [4]), 3);
  t.equal(tensorBytes('I64', []), 8);
});
