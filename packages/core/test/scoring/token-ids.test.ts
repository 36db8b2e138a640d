import { hashTokenIds, parseTokenIds } from '@lowbit/core';
import t from 'tap';

t.test('ids parse to one Int32Array a sequence', async (t) => {
  t.strictSame(parseTokenIds('[[1, 2, 3], [0]]', 'ids.json', 4), [Int32Array.of(1, 2, 3), Int32Array.of(0)]);
});

t.test('what is not a list of lists of ids is refused, with its place', async (t) => {
  const refused: [string, RegExp][] = [
    ['{', /not JSON/],
    ['{"ids": []}', /has \{"ids":\[\]\}/],
    ['[]', /an empty list/],
    ['[[1], []]', /has \[\] as sequence 1/],
    ['[[1], 7]', /has 7 as sequence 1/],
    ['[[1, 2.5]]', /has 2.5 as id 1 of sequence 0/],
    ['[[1, "2"]]', /has "2" as id 1/],
    ['[[1, null]]', /has null as id 1/],
    ['[[-1]]', /has -1 as id 0/],
    ['[[4294967296]]', /has 4294967296/],
    ['[[1], [2, 100]]', /has 100 as id 1 of sequence 1; the vocabulary has the ids 0 to 99/],
    [JSON.stringify(['x'.repeat(100)]), /x\.\.\. as sequence 0/],
  ];
  for (const [json, message] of refused)
    t.throws(() => parseTokenIds(json, 'ids.json', 100), { code: 'TOKEN_IDS', message }, json.slice(0, 30));
});

t.test('the hash is over little-endian int32, without lengths', async (t) => {
  // python3: hashlib.sha256(struct.pack('<3i', 1, 256, 49151)).hexdigest()
  const expected = '0019740d1fb59a9f07ce6997bc077e24ef57c48366db25ee6ac9a11efff266dc';
  t.equal(hashTokenIds([Int32Array.of(1, 256, 49151)]), expected);
  t.equal(hashTokenIds([Int32Array.of(1), Int32Array.of(256, 49151)]), expected);
  t.not(hashTokenIds([Int32Array.of(1, 49151, 256)]), expected);
});
