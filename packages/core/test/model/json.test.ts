import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, parseJsonObject, readJsonObject } from '@lowbit/core';
import t from 'tap';

t.test('an object whose keys are distinct, however deep and however spelled', async (t) => {
  const parse = (text: string) => parseJsonObject(text, 'it', 'CONFIG_VALUE');
  const good = '{"a":{"a":1},"b":[{"a":1},{"a":2},"a","a"],"c":"a","d":"\\"e\\":","e":{}, "\\\\":1}';
  t.strictSame(parse(good), JSON.parse(good));
  const twice: [text: string, key: string][] = [
    ['{"a":1,"a":2}', 'a'],
    ['{"x":[{"y":{"b":1, "b" : {}}}]}', 'b'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"k":{"a":1},"k":2}', 'k'],
  ];
  for (const [text, key] of twice)
    t.throws(() => parse(text), {
      code: 'CONFIG_VALUE',
      message: `it gives the key "${key}" twice, and only one of the two can be meant.`,
    });
  for (const text of ['', '{', '{"a":NaN}'])
    t.throws(() => parse(text), {
      message: /^it must be JSON, and it cannot be parsed \(.* JSON.*\); fetch it again\.$/s,
    });
  const long = JSON.stringify(['x'.repeat(200)]);
  t.throws(() => parse(long), { message: /^it must be a JSON object, and it is \["x{75}\.\.\.\.$/ });
  t.strictSame([isJsonObject({}), isJsonObject([]), isJsonObject(null)], [true, false, false]);
});

t.test('a file is looked at before it is read', async (t) => {
  const folder = t.testdir({ 'a.json': '{"a":1}' });
  mkdirSync(join(folder, 'b.json'));
  t.strictSame(await readJsonObject(join(folder, 'a.json'), 'CONFIG_VALUE'), { a: 1 });
  t.equal(await readJsonObject(join(folder, 'b.json'), 'CONFIG_VALUE'), undefined, 'a folder');
  t.equal(await readJsonObject(join(folder, 'c.json'), 'CONFIG_VALUE'), undefined, 'nothing');
  writeFileSync(join(folder, 'huge.json'), '');
  truncateSync(join(folder, 'huge.json'), 100_000_001);
  const expected = { code: 'CHECKPOINT_HEADER', message: /huge\.json must be at most 100000000 bytes/ };
  await t.rejects(readJsonObject(join(folder, 'huge.json'), 'CHECKPOINT_HEADER'), expected);
});
