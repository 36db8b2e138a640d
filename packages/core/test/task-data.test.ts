import { openDataFolder, splitLines } from '@lowbit/core';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';

t.test('text comes as it lies there, and what was read is recorded', async (t) => {
  const text = '\ufeffline \u00e9\n\nlast';
  const data = openDataFolder(t.testdir({ 'b.txt': text, folder: { 'a.txt': 'x\n' }, 'c.txt': '' }));
  t.equal(await data.readText('b.txt'), text);
  t.strictSame(await data.readLines('b.txt'), ['\ufeffline \u00e9', '', 'last']);
  t.strictSame(await data.readLines('folder/a.txt'), ['x']);
  t.strictSame(await data.readLines('c.txt'), []);
  const bytes = Buffer.from(text);
  t.match(data.readFiles(), [
    { path: 'b.txt', sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length },
    { path: 'c.txt', bytes: 0 },
    { path: 'folder/a.txt', bytes: 2 },
  ]);
});

t.test('lines lose carriage returns; a final line feed ends the last line', async (t) => {
  t.strictSame(splitLines('a\r\nb\n'), ['a', 'b']);
  t.strictSame(splitLines('a\n\n'), ['a', '']);
  t.strictSame(splitLines(''), []);
});

t.test('a file that is missing or not UTF-8 is named', async (t) => {
  const data = openDataFolder(t.testdir({ 'bad.txt': Buffer.from([0x61, 0xff]) }));
  t.ok(await data.has('bad.txt'));
  t.notOk(await data.has('none.txt'));
  await t.rejects(data.readText('none.txt'), { code: 'TASK_DATA', message: /none\.txt.*ENOENT/ });
  await t.rejects(data.readLines('bad.txt'), { code: 'TASK_DATA', message: /bad\.txt should be UTF-8/ });
  t.strictSame(data.readFiles(), []);
});

t.test('a packed file stands for a plain one that is not there, with the same record', async (t) => {
  const folder = t.testdir({
    plain: { 'a.txt': 'x\ny\n' },
    packed: { 'a.txt.gz': gzipSync('x\ny\n') },
    both: { 'a.txt': 'x\ny\n', 'a.txt.gz': gzipSync('other') },
    broken: { 'a.txt.gz': gzipSync('x\ny\n').subarray(0, 15) },
  });
  const records = [];
  for (const name of ['plain', 'packed', 'both']) {
    const data = openDataFolder(`${folder}/${name}`);
    t.ok(await data.has('a.txt'));
    t.strictSame(await data.readLines('a.txt'), ['x', 'y'], name);
    records.push(data.readFiles());
  }
  t.strictSame(records[1], records[0]);
  t.strictSame(records[2], records[0]);
  const broken = openDataFolder(`${folder}/broken`).readText('a.txt');
  await t.rejects(broken, { code: 'TASK_DATA', message: /a\.txt\.gz.*unexpected end of file/ });
});
