import { readFile, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, checkFinite, openCheckpoint, readSafetensorsHeader, writeSafetensors } from '@lowbit/core';
import type { NewTensor } from '@lowbit/core';
import t from 'tap';
import { encodeFloats } from '../fixtures/encode-floats.js';
import { plainKernels } from '../fixtures/plain-kernels.js';
import { makeTinyCheckpoint } from '../fixtures/tiny-checkpoint.js';
import { tinyConfigs } from '../fixtures/tiny-configs.js';

// Facts about files are remembered; tests must not share a memory with the user.
t.before(() => {
  process.env.XDG_CACHE_HOME = t.testdir();
});

type Family = keyof typeof tinyConfigs;

/** The tensors of a single-file checkpoint, to be changed and written back. */
async function readTensors(folder: string): Promise<Map<string, NewTensor>> {
  const path = join(folder, 'model.safetensors');
  const { tensors } = await readSafetensorsHeader(path);
  const bytes = await readFile(path);
  return new Map(
    [...tensors.values()].map(({ name, dtype, shape, offset, bytes: length }) => [
      name,
      { name, dtype, shape, data: new Uint8Array(bytes.subarray(offset, offset + length)) },
    ]),
  );
}

async function writeTensors(folder: string, tensors: Map<string, NewTensor>): Promise<void> {
  await writeSafetensors(join(folder, 'model.safetensors'), [...tensors.values()]);
}

for (const family of Object.keys(tinyConfigs) as Family[]) {
  t.test(`${family} opens, whole and sharded, in every float dtype`, async (t) => {
    const folder = t.testdir();
    await makeTinyCheckpoint(join(folder, 'plain'), { family });
    const plain = await openCheckpoint(join(folder, 'plain'), plainKernels());
    t.equal(plain.name, 'plain');
    t.equal(plain.bitsPerWeight, 32);
    for (const dtype of ['F16', 'BF16'] as const) {
      const path = join(folder, dtype);
      await makeTinyCheckpoint(path, { family, dtype, shards: 3 });
      const checkpoint = await openCheckpoint(path, plainKernels());
      t.equal(checkpoint.files.length, 3);
      t.equal(checkpoint.parameters, plain.parameters);
      t.equal(checkpoint.bitsPerWeight, 16);
      t.strictSame([...checkpoint.tensors.keys()], [...plain.tensors.keys()]);
      for (const name of checkpoint.tensors.keys()) {
        const exact = await plain.read(name);
        const values = await checkpoint.read(name);
        const expected = await plainKernels().widen(encodeFloats(exact, dtype), dtype);
        t.ok(Buffer.from(values.buffer).equals(Buffer.from(expected.buffer)), name);
        // Half the step at the value's size; below 2^-14 float16's step stays.
        const share = dtype === 'BF16' ? 2 ** -8 : 2 ** -11;
        const bound = (value: number): number => Math.max(share * Math.abs(value), 2 ** -25);
        const off = exact.findIndex((value, i) => !(Math.abs(value - (values[i] ?? NaN)) <= bound(value)));
        t.equal(off, -1, `${name} is rounded to nearest`);
      }
    }
  });
}

t.test('weights are counted once where they are tied', async (t) => {
  const folder = t.testdir();
  await makeTinyCheckpoint(join(folder, 'tied'), { config: { tie_word_embeddings: true } });
  await makeTinyCheckpoint(join(folder, 'apart'));
  const tied = await openCheckpoint(join(folder, 'tied'), plainKernels());
  const apart = await openCheckpoint(join(folder, 'apart'), plainKernels());
  t.equal(apart.parameters - tied.parameters, 320 * 64);
  // Two embeddings, five norms, and per block q, k, v, o, gate, up, down.
  t.equal(apart.parameters, 2 * 320 * 64 + 5 * 64 + 2 * (64 * 64 * 2 + 32 * 64 * 2 + 3 * 160 * 64));
  await t.rejects(tied.read('lm_head.weight'), { name: 'RangeError' });
});

t.test('a tied head may be stored as well, or alone; constants of old versions are passed over', async (t) => {
  const folder = t.testdir();
  await makeTinyCheckpoint(folder, { config: { tie_word_embeddings: true } });
  const tensors = await readTensors(folder);
  const embedding = tensors.get('model.embed_tokens.weight');
  if (!embedding) return t.fail('no embedding');
  tensors.set('lm_head.weight', { ...embedding, name: 'lm_head.weight' });
  const constant = { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', dtype: 'F32', shape: [8] } as const;
  tensors.set(constant.name, { ...constant, data: new Uint8Array(32) });
  await writeTensors(folder, tensors);
  t.equal((await openCheckpoint(folder, plainKernels())).decoder.head.weight.tensor, 'model.embed_tokens.weight');
  tensors.delete('model.embed_tokens.weight');
  await writeTensors(folder, tensors);
  t.equal((await openCheckpoint(folder, plainKernels())).decoder.embedding.token.tensor, 'lm_head.weight');
});

t.test('a hub cache: every file a link into a folder of blobs', async (t) => {
  const folder = t.testdir({ blobs: {}, snapshot: {} });
  await makeTinyCheckpoint(join(folder, 'made'), { shards: 2 });
  const files = ['config.json', 'model.safetensors.index.json', 'tokenizer.json'];
  for (const shard of [1, 2]) files.push(`model-0000${shard}-of-00002.safetensors`);
  for (const [index, file] of files.entries()) {
    await rename(join(folder, 'made', file), join(folder, 'blobs', `blob${index}`));
    await symlink(`../blobs/blob${index}`, join(folder, 'snapshot', file));
  }
  const { files: real, tensors } = await openCheckpoint(join(folder, 'snapshot'), plainKernels());
  t.ok(real.every((file) => /blobs\/blob\d$/.test(file)));
  t.ok([...tensors.values()].every(({ file }) => real.includes(file)));
});

t.test('bad directories and configs', async (t) => {
  const folder = t.testdir({ empty: {}, file: 'x', list: { 'config.json': '[]' }, broken: { 'config.json': '{"a":' } });
  const open = (name: string) => openCheckpoint(join(folder, name), plainKernels());
  await t.rejects(open('nowhere'), { code: 'CHECKPOINT_MISSING', message: /nowhere must be a directory/ });
  await t.rejects(open('file'), { code: 'CHECKPOINT_MISSING', message: /file must be a directory/ });
  await t.rejects(open('empty'), { code: 'CHECKPOINT_MISSING', message: /empty must hold config\.json/ });
  await t.rejects(open('list'), { code: 'CONFIG_VALUE', message: /config\.json must be a JSON object/ });
  await t.rejects(open('broken'), { code: 'CONFIG_VALUE', message: /config\.json must be JSON/ });
  await makeTinyCheckpoint(join(folder, 'good'));
  await rm(join(folder, 'good', 'model.safetensors'));
  await t.rejects(open('good'), { code: 'CHECKPOINT_MISSING', message: /good must hold model\.safetensors or/ });
  await writeFile(join(folder, 'good', 'pytorch_model.bin'), '');
  await t.rejects(open('good'), { code: 'CHECKPOINT_MISSING', message: /convert it to safetensors/ });
  await writeFile(join(folder, 'good', 'config.json'), '{"model_type":"gemma2"}');
  await t.rejects(open('good'), { code: 'CONFIG_FAMILY' }, 'said before the missing weights');
  await writeFile(join(folder, 'good', 'config.json'), '{"model_type":"llama","vocab_size":1,"vocab_size":2}');
  await t.rejects(open('good'), { code: 'CONFIG_VALUE', message: /key "vocab_size" twice/ });
});

t.test('tensors that contradict the config', async (t) => {
  const folder = t.testdir();
  const name = 'model.layers.1.mlp.up_proj.weight';
  const open = async (change: (tensors: Map<string, NewTensor>, tensor: NewTensor) => void) => {
    await makeTinyCheckpoint(folder);
    const tensors = await readTensors(folder);
    const tensor = tensors.get(name);
    if (tensor) change(tensors, tensor);
    await writeTensors(folder, tensors);
    return openCheckpoint(folder, plainKernels());
  };
  await t.rejects(
    open((tensors) => tensors.delete(name)),
    {
      code: 'CHECKPOINT_TENSOR',
      message: `The config asks for tensor "${name}" of shape [160, 64], and no weight file has it.`,
    },
  );
  await t.rejects(
    open((tensors, tensor) => tensors.set(name, { ...tensor, shape: [64, 160] })),
    {
      code: 'CHECKPOINT_SHAPE',
      message: new RegExp(`"${name}" must have the config's shape \\[160, 64\\], and it is stored as \\[64, 160\\]`),
    },
  );
  await t.rejects(
    open((tensors, tensor) => tensors.set(name, { ...tensor, dtype: 'I32' })),
    {
      code: 'CHECKPOINT_TENSOR',
      message: new RegExp(`"${name}" must be stored as F32, F16, BF16, and it is I32`),
    },
  );
  const extra = 'model.layers.2.mlp.up_proj.weight';
  await t.rejects(
    open((tensors, tensor) => tensors.set(extra, { ...tensor, name: extra })),
    {
      code: 'CHECKPOINT_TENSOR',
      message: new RegExp(`"${extra}" in .* has no place in the 2 llama blocks`),
    },
  );
  await makeTinyCheckpoint(folder);
  const opened = await openCheckpoint(folder, plainKernels());
  await truncate(join(folder, 'model.safetensors'), 200_000);
  await t.rejects(opened.read('model.norm.weight'), {
    code: 'CHECKPOINT_TENSOR',
    message: /it changed while it was read/,
  });
  await t.rejects(openCheckpoint(folder, plainKernels()), { code: 'CHECKPOINT_TENSOR', message: /truncated/ });
});

t.test('bad shards', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'model.safetensors.index.json');
  const first = 'model-00001-of-00002.safetensors';
  const second = 'model-00002-of-00002.safetensors';
  const open = () => openCheckpoint(folder, plainKernels());
  await makeTinyCheckpoint(folder, { shards: 2 });
  const good = JSON.parse(await readFile(index, 'utf8')) as { weight_map: Record<string, string> };
  const writeMap = (map: unknown) => writeFile(index, JSON.stringify({ weight_map: map }));
  await writeMap({ ...good.weight_map, 'model.norm.weight': first });
  await t.rejects(open(), { code: 'CHECKPOINT_TENSOR', message: /"model\.norm\.weight" lies in model-00002/ });
  await writeMap({ ...good.weight_map, ghost: second });
  await t.rejects(open(), { code: 'CHECKPOINT_TENSOR', message: /puts tensor "ghost" in model-00002.*not there/ });
  await writeMap(Object.fromEntries(Object.entries(good.weight_map).slice(1)));
  await t.rejects(open(), { code: 'CHECKPOINT_TENSOR', message: /"model\.embed_tokens\.weight" .* in no shard/ });
  await writeMap({ ...good.weight_map, x: '../other.safetensors' });
  await t.rejects(open(), { code: 'CHECKPOINT_HEADER', message: /"x" in a safetensors file beside it/ });
  await writeMap([]);
  await t.rejects(open(), { code: 'CHECKPOINT_HEADER', message: /"weight_map" .* must be an object/ });
  await writeMap(good.weight_map);
  await t.resolves(open());
  await writeSafetensors(join(folder, second), [...(await doubled(folder, first, second)).values()]);
  await t.rejects(
    open(),
    { code: 'CHECKPOINT_TENSOR', message: /lies in model-00002.* puts it in model-00001/ },
    'twice',
  );
  await rm(join(folder, second));
  await t.rejects(open(), { code: 'CHECKPOINT_MISSING', message: new RegExp(`${second} must be a safetensors file`) });
});

/** The second shard with one tensor of the first added. */
async function doubled(folder: string, first: string, second: string): Promise<Map<string, NewTensor>> {
  const all = new Map<string, NewTensor>();
  for (const [shard, count] of [
    [second, Infinity],
    [first, 1],
  ] as const) {
    const { tensors } = await readSafetensorsHeader(join(folder, shard));
    for (const { name, dtype, shape, bytes } of [...tensors.values()].slice(0, count))
      all.set(name, { name, dtype, shape, data: new Uint8Array(bytes) });
  }
  return all;
}

t.test('the digest changes with weights, config and tokenizer, and files are hashed once', async (t) => {
  const folder = t.testdir();
  const age = async (...files: string[]) => {
    // Files as young as these are not remembered, because they may still change.
    for (const file of files) await utimes(join(folder, file), 1_000_000_000, 1_000_000_000);
  };
  const digest = async () => {
    const kernels = plainKernels();
    return { digest: await (await openCheckpoint(folder, kernels)).digest(), hashed: kernels.hashed.length };
  };
  await makeTinyCheckpoint(folder);
  const fresh = await digest();
  t.equal(fresh.hashed, 3, 'weights, config, tokenizer');
  t.equal((await digest()).hashed, 3, 'too young to be remembered');
  await age('model.safetensors', 'config.json', 'tokenizer.json');
  t.strictSame(await digest(), fresh);
  t.strictSame(await digest(), { digest: fresh.digest, hashed: 0 });
  const checkpoint = await openCheckpoint(folder, plainKernels());
  t.equal(checkpoint.digest(), checkpoint.digest(), 'one promise');
  await rm(join(folder, 'tokenizer.json'));
  const bare = await digest();
  t.not(bare.digest, fresh.digest);
  t.equal(bare.hashed, 0);
  await makeTinyCheckpoint(folder, { seed: 2, tokenizer: false });
  t.not((await digest()).digest, bare.digest);
  await makeTinyCheckpoint(folder, { config: { rope_theta: 20000 }, tokenizer: false });
  t.not((await digest()).digest, bare.digest);
});

t.test('a cache folder that cannot be written only costs time', async (t) => {
  const folder = t.testdir({ cache: 'a file, not a folder' });
  await makeTinyCheckpoint(join(folder, 'model'));
  await utimes(join(folder, 'model', 'model.safetensors'), 1_000_000_000, 1_000_000_000);
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  t.teardown(() => (process.env.XDG_CACHE_HOME = before));
  const checkpoint = await openCheckpoint(join(folder, 'model'), plainKernels());
  t.match(await checkpoint.digest(), /^[0-9a-f]{64}$/);
  delete process.env.XDG_CACHE_HOME;
  t.equal(cacheFolder(), join(homedir(), '.cache', 'lowbit'));
});

t.test('a weight that is not finite is found, and a good file is read once', async (t) => {
  const folder = t.testdir();
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    await makeTinyCheckpoint(folder, { dtype });
    await checkFinite(await openCheckpoint(folder, plainKernels()), plainKernels());
    for (const bad of [NaN, -Infinity]) {
      const tensors = await readTensors(folder);
      const name = 'model.layers.0.self_attn.v_proj.weight';
      const tensor = tensors.get(name);
      if (!(tensor?.data instanceof Uint8Array)) return t.fail('no tensor');
      const word = dtype === 'F32' ? 0x7f800000 : dtype === 'F16' ? 0x7c00 : 0x7f80;
      const words = dtype === 'F32' ? new Uint32Array(tensor.data.buffer) : new Uint16Array(tensor.data.buffer);
      words[77] = Number.isNaN(bad) ? word + 1 : word + 2 ** (words.BYTES_PER_ELEMENT * 8 - 1);
      await writeTensors(folder, tensors);
      await t.rejects(checkFinite(await openCheckpoint(folder, plainKernels()), plainKernels()), {
        code: 'CHECKPOINT_VALUE',
        message: new RegExp(`tensor "${name}" .* at index 77`),
      });
    }
  }
  await makeTinyCheckpoint(folder);
  const file = join(folder, 'model.safetensors');
  await utimes(file, 1_000_000_000, 1_000_000_000);
  let scans = 0;
  const countScans = async (values: Float32Array) => {
    scans++;
    return plainKernels().firstNonFinite(values);
  };
  const kernels = { ...plainKernels(), firstNonFinite: countScans };
  const checkpoint = await openCheckpoint(folder, kernels);
  await checkFinite(checkpoint, kernels);
  t.equal(scans, checkpoint.tensors.size);
  await checkFinite(checkpoint, kernels);
  t.equal(scans, checkpoint.tensors.size, 'remembered');
});
