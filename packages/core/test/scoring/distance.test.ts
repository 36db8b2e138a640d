import {
  countDivergence,
  createToyScorer,
  createToyTokenizer,
  quantileOf,
  scoreTask,
  summarizeDivergence,
  summarizeFlips,
  type Baseline,
  type DataFolder,
  type ReferenceHead,
  type Request,
  type Task,
  type TaskValue,
} from '@lowbit/core';
import t from 'tap';

const tokenizer = createToyTokenizer();
const noData: DataFolder = {
  readText: async () => '',
  readLines: async () => [],
  readArchive: async () => new Map(),
  has: async () => false,
};
/** The toy's states are its logits. */
const head = {} as ReferenceHead;
const metricsOf = (values: readonly TaskValue[]) =>
  Object.fromEntries(values.map(({ metric, value }) => [metric, value]));

/** Two texts of two windows each, and a question. */
const task: Task<Request[]> = {
  name: 'made',
  version: '1',
  description: 'made',
  source: 'made',
  metrics: [{ name: 'acc', higherIsBetter: true }],
  files: [],
  documents: async () => [
    [{ kind: 'windows', text: 'abcdefghijkl', window: 6 }],
    [
      { kind: 'windows', cut: 'strided', text: 'mnopqrstu', window: 6, stride: 3 },
      { kind: 'logLikelihood', context: 'a', continuation: ' b' },
    ],
  ],
  requests: (doc) => doc,
  score: (_, results) => ({ acc: results.length % 2 }),
  target: () => 1,
};

const score = (noise: number, baseline?: Baseline) =>
  scoreTask(task, { tokenizer, scorer: createToyScorer(tokenizer.vocabSize, 64, noise), data: noData, baseline });

t.test('a model has no distance to itself; another one has, and its own figures stay the same', async (t) => {
  const folder = t.testdir();
  const kept = await score(0, { kind: 'keep', folder });
  t.strictSame(kept.values, (await score(0)).values, 'keeping adds no figure');
  const same = metricsOf((await score(0, { kind: 'compare', folder, head })).values);
  const distances = { kl: 0, klMedian: 0, kl99: 0, klMax: 0, top1Agreement: 1, flips: 0 };
  t.match(same, distances);
  const near = metricsOf((await score(0.05, { kind: 'compare', folder, head })).values);
  const far = metricsOf((await score(1, { kind: 'compare', folder, head })).values);
  t.ok(0 < near.kl && near.kl < far.kl && far.kl < far.klMax && far.top1Agreement < near.top1Agreement);
  t.equal(near.acc, (await score(0.05)).values[0]?.value);
});

t.test('states of other tokens, or of none, are not compared with', async (t) => {
  const folder = t.testdir();
  const compare = { kind: 'compare', folder, head } as const;
  await t.rejects(score(0, compare), { code: 'BASELINE_MISSING', message: /run it again from float on/ });
  await score(0, { kind: 'keep', folder });
  const other = { ...task, documents: async () => [[{ kind: 'windows', text: 'abcdefghijkm', window: 6 } as const]] };
  const scorer = createToyScorer(tokenizer.vocabSize, 64);
  const options = { tokenizer, scorer, data: noData, baseline: compare };
  await t.rejects(scoreTask({ ...other, target: undefined }, options), { code: 'BASELINE_MISSING' });
});

t.test('means are over tokens, their errors over documents, or over the windows of one', async (t) => {
  const window = (...kl: number[]) => ({
    kl: Float32Array.from(kl),
    agrees: Uint8Array.from(kl, (each) => Number(each < 1)),
  });
  const [kl, median, , max, agreement] = summarizeDivergence([[window(0, 1), window(2)], [window(4)]]);
  // Ratio of sums 7 / 4; residuals of the documents 3 - 7/4 * 3 and 4 - 7/4, over 4 tokens.
  t.match(kl, { metric: 'kl', value: 7 / 4, n: 2, stderr: Math.sqrt((2.25 ** 2 + 2.25 ** 2) * 2) / 4 });
  t.match(median, { value: 1.5, stderr: undefined, n: 4 });
  t.match(max, { metric: 'klMax', value: 4 });
  t.match(agreement, { metric: 'top1Agreement', value: 1 / 4, n: 2 });
  t.equal(summarizeDivergence([[window(0, 1), window(2)]])[0]?.n, 2);
  t.equal(quantileOf(Float64Array.of(0, 1, 2, 3, 4), 0.99), 3.96);
});

t.test('a histogram counts each token once, in the bin between its edges', async (t) => {
  // Eleven decades, finer than the bins, beyond both ends of the grid.
  const kl = Float32Array.from({ length: 1111 }, (_, i) => 10 ** (-8 + i / 101));
  const agrees = new Uint8Array(kl.length);
  const window = (from: number, to: number) => ({ kl: kl.slice(from, to), agrees: agrees.slice(from, to) });
  const histogram = countDivergence([window(0, 500), window(500, 1111), { kl: Float32Array.of(0, -1e-9), agrees }]);
  if (!histogram) return t.fail('no histogram');
  const { low, perDecade, counts } = histogram;
  const edges = [
    -Infinity,
    ...Array.from({ length: counts.length - 1 }, (_, i) => low * 10 ** (i / perDecade)),
    Infinity,
  ];
  const all = [...kl, 0, -1e-9];
  t.same(
    counts,
    counts.map((_, bin) => all.filter((each) => each >= (edges[bin] ?? 0) && each < (edges[bin + 1] ?? 0)).length),
  );
  t.equal(edges.at(-2), 100);
  t.ok((counts[0] ?? 0) > 2 && (counts.at(-1) ?? 0) > 0, 'something is beyond either end');
  t.equal(countDivergence([]), undefined);
  const folder = t.testdir();
  t.equal((await score(0, { kind: 'keep', folder })).klHistogram, undefined);
  const same = (await score(0, { kind: 'compare', folder, head })).klHistogram;
  t.ok(same && same.counts[0] && same.counts.slice(1).every((count) => count === 0), 'no distance at all');
});

t.test('flips count both ways; a delta needs a right answer everywhere', async (t) => {
  const documents = [1, 0, 1, 0].map((acc, index) => ({ scores: { acc }, targetLogprob: -index }));
  const float = [1, 1, 0, 0].map((acc) => ({ scores: { acc }, targetLogprob: 1 }));
  t.match(summarizeFlips(documents, float), [
    { metric: 'flips', value: 0.5, n: 4, higherIsBetter: false },
    { metric: 'targetLogprobDelta', value: -2.5, n: 4, higherIsBetter: true },
  ]);
  t.match(summarizeFlips(documents, [...float.slice(1), { scores: { acc: 1 } }]), [{ metric: 'flips' }]);
  t.strictSame(summarizeFlips([{ scores: { loss: 1 } }], [{ scores: { loss: 1 } }]), []);
});
