import t from 'tap';
import { canonicalJson, digestOf } from '@lowbit/core';

t.test('the order of keys and absent keys do not matter, the order of lists does', async (t) => {
  t.equal(canonicalJson({ b: 1, a: { d: [2, { z: 1, y: 2 }], c: undefined } }), '{"a":{"d":[2,{"y":2,"z":1}]},"b":1}');
  t.equal(digestOf({ a: 1, b: 2 }), digestOf({ b: 2, a: 1, c: undefined }));
  t.not(digestOf([1, 2]), digestOf([2, 1]));
});

t.test('a digest is the sha256 of the canonical text', async (t) => {
  // sha256 of the two characters {}, by sha256sum.
  t.equal(digestOf({}), '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
});
