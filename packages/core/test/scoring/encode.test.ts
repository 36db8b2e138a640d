import { createTextEncoder, createToyTokenizer, joinPair, type Tokenizer } from '@lowbit/core';
import t from 'tap';

const bytes = (text: string): Int32Array => Int32Array.from(Buffer.from(text));
const range = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i);

/** Longest piece first, so that joining two texts can merge across the seam: 'ab' is one token, 'a' and 'b' are two. */
function mergingTokenizer(pieces: string[]): Tokenizer {
  return {
    ...createToyTokenizer(),
    encode(text) {
      const ids: number[] = [];
      for (let rest = text; rest !== '';) {
        const id = pieces.findIndex((piece) => rest.startsWith(piece));
        ids.push(id);
        rest = rest.slice(pieces[id].length);
      }
      return Int32Array.from(ids);
    },
  };
}

t.test('the toy tokenizer is bytes with two special tokens', async (t) => {
  const tokenizer = createToyTokenizer({ addsBos: true });
  t.equal(tokenizer.decode(tokenizer.encode('ab<s>c', { special: true })), '<s>ab<s>c');
  t.equal(tokenizer.decode([257]), '</s>');
});

t.test('trailing space of the context moves to the continuation', async (t) => {
  const pair = createTextEncoder(createToyTokenizer()).encodePair('Hi \n', 'you');
  t.strictSame(pair, { context: bytes('Hi'), continuation: bytes(' \nyou') });
});

t.test('the pair is split by the length of the context encoded alone', async (t) => {
  const { encodePair } = createTextEncoder(mergingTokenizer(['abc', 'ab', 'a', 'b', 'c', 'd']));
  t.strictSame(encodePair('a', 'bd'), { context: Int32Array.of(2), continuation: Int32Array.of(5) }, 'merged seam');
  t.strictSame(encodePair('ad', 'b'), { context: Int32Array.of(2, 5), continuation: Int32Array.of(3) }, 'clean seam');
  t.equal(encodePair('ab', 'c').continuation.length, 0, 'swallowed whole');
});

t.test('each call adds the special tokens of the tokenizer', async (t) => {
  const { encodePair, encodeText } = createTextEncoder(createToyTokenizer({ addsBos: true }));
  t.strictSame(encodePair('A', ' b'), { context: Int32Array.of(256, 65), continuation: bytes(' b') });
  t.strictSame(
    encodePair('<s>A', ' b'),
    { context: Int32Array.of(256, 65), continuation: bytes(' b') },
    'not a second BOS',
  );
  t.strictSame(encodeText('A'), Int32Array.of(256, 65));
});

t.test('an empty context is the prefix token: BOS, else EOS', async (t) => {
  const withBos = createTextEncoder(createToyTokenizer({ addsBos: true }));
  t.strictSame(withBos.encodePair('', 'b'), { context: Int32Array.of(256), continuation: bytes('b') });
  t.strictSame(
    withBos.encodePair('', '<s>b'),
    { context: Int32Array.of(256), continuation: bytes('b') },
    'already there',
  );
  t.strictSame(withBos.encodePair(' ', 'b'), { context: Int32Array.of(256), continuation: bytes(' b') });
  const withEos = createTextEncoder(createToyTokenizer({ hasBos: false }));
  t.equal(withEos.prefixId, 257);
  t.strictSame(withEos.encodePair(' ', 'b'), { context: Int32Array.of(257), continuation: bytes(' b') }, 'only space');
  t.throws(() => createTextEncoder({ ...createToyTokenizer({ hasBos: false }), eosId: undefined }), {
    code: 'TOKENIZER_MISMATCH',
  });
});

t.test('the context is encoded once for the choices that share it', async (t) => {
  const texts: string[] = [];
  const tokenizer = createToyTokenizer();
  const encoder = createTextEncoder({
    ...tokenizer,
    encode: (text, options) => (texts.push(text), tokenizer.encode(text, options)),
  });
  encoder.encodePair('Q:', ' a');
  encoder.encodePair('Q:', ' b');
  t.strictSame(texts.sort(), ['Q:', 'Q: a', 'Q: b']);
});

t.test('a long pair is cut from the left to one token more than the model is fed', async (t) => {
  const pair = { context: range(0, 6), continuation: range(6, 9) };
  t.strictSame(joinPair(pair, 8), { sequence: { ids: range(0, 9), scoredFrom: 6 }, lost: 0 });
  t.strictSame(joinPair(pair, 5), { sequence: { ids: range(3, 9), scoredFrom: 3 }, lost: 3 });
  t.strictSame(joinPair(pair, 3), { sequence: { ids: range(5, 9), scoredFrom: 1 }, lost: 5 });
  t.throws(() => joinPair(pair, 2), { code: 'TASK_DATA', message: /3 tokens does not fit .* 2/ });
  t.throws(() => joinPair({ ...pair, continuation: range(0, 0) }, 8), { code: 'TASK_DATA', message: /at least one/ });
});
