import { createToyTokenizer, cutRequest, encodeRequests, PythonRandom } from '@lowbit/core';
import type { Windows } from '@lowbit/core';
import t from 'tap';

const plain = createToyTokenizer();
const withBos = createToyTokenizer({ addsBos: true });
const text = 'abcdefghijklmnopqrstu';
const ids = [...plain.encode(text, { special: false })];

const cut = (request: Windows, window: number, tokenizer = plain, maxWindows?: number) => {
  const { sequences, ...rest } = cutRequest(request, window, tokenizer, maxWindows);
  return { sequences: sequences.map((each) => ({ ids: [...each.ids], scoredFrom: each.scoredFrom })), ...rest };
};

t.test("the papers' windows may be limited by the task and by the run", async (t) => {
  const request: Windows = { kind: 'windows', text, window: 5, count: 3 };
  t.strictSame(
    cut(request, 5).sequences,
    [0, 5, 10].map((at) => ({ ids: ids.slice(at, at + 5), scoredFrom: 1 })),
  );
  t.equal(cut(request, 5, plain, 2).sequences.length, 2);
});

// tools/perplexity/perplexity.cpp: logits from position n / 2 on, each against the token after it.
t.test("llama.cpp's chunks: BOS in place of each first token, the second half scored", async (t) => {
  const request: Windows = { kind: 'windows', cut: 'llama.cpp', text, window: 8 };
  t.strictSame(cut(request, 8).sequences, [
    { ids: ids.slice(0, 8), scoredFrom: 5 },
    { ids: ids.slice(8, 16), scoredFrom: 5 },
  ]);
  t.strictSame(cut(request, 8, withBos).sequences, [
    { ids: [256, ...ids.slice(0, 7)], scoredFrom: 5 },
    { ids: [256, ...ids.slice(8, 15)], scoredFrom: 5 },
  ]);
  t.equal(cut(request, 7).sequences[0]?.scoredFrom, 4, 'an odd window rounds its half down');
  t.throws(() => cut(request, 11), { code: 'TASK_SHORT', message: /two windows of 11 tokens, but the text has 21/ });
});

t.test('strided windows score every token but the first once, with as much context as there is', async (t) => {
  const request: Windows = { kind: 'windows', cut: 'strided', text, window: 8, stride: 4 };
  const { sequences, stride } = cut(request, 8);
  t.equal(stride, 4);
  t.strictSame(
    sequences.map((each) => [each.ids.length, each.scoredFrom]),
    [
      [8, 1],
      [8, 4],
      [8, 4],
      [8, 4],
      [5, 4],
    ],
  );
  t.strictSame(
    sequences.flatMap((each) => each.ids.slice(each.scoredFrom)),
    ids.slice(1),
  );
  t.equal(cut(request, 4).stride, 2, 'another window keeps the ratio');
  const disjoint = cut({ ...request, stride: 8 }, 8).sequences;
  t.strictSame(
    disjoint.map((each) => each.scoredFrom),
    [1, 1, 1],
    'a first token has nothing before it',
  );
  t.equal(cut({ ...request, text: 'abc' }, 8).sequences.length, 1, 'a text shorter than the window is one');
  t.throws(() => cut({ ...request, text: 'a' }, 8), { code: 'TASK_SHORT' });
});

t.test('a document is one window, cut to the context; what was cut is counted', async (t) => {
  const request: Windows = { kind: 'windows', cut: 'document', text };
  const options = { tokenizer: withBos, contextLength: 16 };
  const [whole] = encodeRequests([request], { ...options, contextLength: 64 });
  t.match(whole, { lost: 0, window: 64, scoredTokens: 21 });
  t.strictSame([...(whole?.sequences[0]?.ids ?? [])], [256, ...ids]);
  t.match(encodeRequests([request], options)[0], { lost: 6, window: 16, scoredTokens: 15 });
  t.match(encodeRequests([request], { ...options, window: 4 })[0], { lost: 18, window: 4, scoredTokens: 3 });
  t.match(encodeRequests([{ ...request, text: '' }], options)[0], { sequences: [], scoredTokens: 0 });
});

t.test("drawn windows follow Python's generator, and only drawn documents are encoded", async (t) => {
  const documents = ['short', text, 'abcdefghijklmnop', text.toUpperCase()];
  const request: Windows = { kind: 'windows', cut: 'drawn', documents, window: 16, count: 5, seed: 0 };
  const { sequences } = cut(request, 16);
  // The reference's loop, written out: documents of 16 tokens or fewer are drawn again.
  const random = new PythonRandom(0);
  const expected = Array.from({ length: 5 }, () => {
    let doc: Int32Array;
    do doc = plain.encode(documents[random.randint(0, 3)] ?? '', { special: true });
    while (doc.length <= 16);
    const offset = random.randint(0, doc.length - 16 - 1);
    return { ids: [...doc.slice(offset, offset + 16)], scoredFrom: 1 };
  });
  t.strictSame(sequences, expected);
  t.throws(() => cut(request, 21), { code: 'TASK_SHORT', message: /none of the 4 is/ });
});
