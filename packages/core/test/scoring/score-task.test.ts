import {
  createToyScorer,
  createToyTokenizer,
  formatSamples,
  openDataFolder,
  requireTaskFiles,
  scoreTask,
  writeSamples,
  type DataFolder,
  type Task,
} from '@lowbit/core';
import { readFileSync } from 'node:fs';
import t from 'tap';

const tokenizer = createToyTokenizer();
const scorer = createToyScorer(tokenizer.vocabSize, 64);
const noData: DataFolder = {
  readText: async () => '',
  readLines: async () => [],
  readArchive: async () => new Map(),
  has: async () => false,
};
const options = { tokenizer, scorer, data: noData };

const facts = { name: 'counting', version: '1', description: 'counts', source: 'made up', files: ['a.txt'] };
/** Documents with a different number of requests each; the score is that number. */
const counting: Task<string[]> = {
  ...facts,
  metrics: [{ name: 'requestCount', higherIsBetter: true }],
  documents: async () => [['x'], ['x', 'y', 'z'], ['y', 'z']],
  requests: (doc) => doc.map((continuation) => ({ kind: 'logLikelihood', context: 'c', continuation })),
  score: (_, results) => ({ requestCount: results.length }),
};

t.test('each document is scored from its own results; the default is their mean', async (t) => {
  const { values, samples, counts } = await scoreTask(counting, options);
  t.strictSame(
    samples.map(({ docId, results, scores }) => [docId, results.length, scores]),
    [
      [0, 1, { requestCount: 1 }],
      [1, 3, { requestCount: 3 }],
      [2, 2, { requestCount: 2 }],
    ],
  );
  t.strictSame(values, [
    { metric: 'requestCount', value: 2, stderr: Math.sqrt(1 / 3), n: 3, protocol: undefined, higherIsBetter: true },
  ]);
  t.equal(counts.documents, 3);
  t.equal(counts.tokens, 12);
  t.equal((await scoreTask(counting, { ...options, limit: 2 })).counts.documents, 2);
});

t.test('a task may aggregate, and must give every metric that it names', async (t) => {
  const own = { ...counting, aggregate: () => [{ metric: 'requestCount', value: 7, stderr: undefined, n: 1 }] };
  t.match((await scoreTask(own, options)).values, [{ value: 7, n: 1 }]);
  const missing = { code: 'TASK_DATA', message: /counting should score requestCount/ };
  await t.rejects(scoreTask({ ...counting, aggregate: () => [] }, options), missing);
  await t.rejects(scoreTask({ ...counting, score: () => ({}) }, options), missing);
});

t.test('the protocol names the window of this run', async (t) => {
  const windows: Task<string> = {
    ...facts,
    metrics: [{ name: 'loss', higherIsBetter: false, protocol: 'ppl/papers-{window}' }],
    documents: async () => ['abcdefghijkl'],
    requests: (text) => [{ kind: 'windows', text, window: 4 }],
    score: () => ({ loss: 1 }),
  };
  const protocol = async (task: Task<string>, window?: number): Promise<string | undefined> =>
    (await scoreTask(task, { ...options, window })).values[0].protocol;
  t.equal(await protocol(windows), 'ppl/papers-4');
  t.equal(await protocol(windows, 6), 'ppl/papers-6');
  const rolling: Task<string> = {
    ...windows,
    metrics: [{ name: 'loss', higherIsBetter: false, protocol: 'wordPpl/lm-eval' }],
    requests: (text) => [{ kind: 'rolling', text }],
  };
  t.equal(await protocol(rolling), 'wordPpl/lm-eval');
  t.equal(await protocol(rolling, 6), 'wordPpl/lm-eval-6');
});

t.test('bad limits, no documents and missing files are refused', async (t) => {
  for (const limit of [0, 1.5, NaN])
    await t.rejects(scoreTask(counting, { ...options, limit }), { code: 'EXPERIMENT_OPTION' });
  await t.rejects(scoreTask({ ...counting, documents: async () => [] }, options), {
    code: 'TASK_DATA',
    message: /a.txt has none/,
  });
  await t.rejects(requireTaskFiles(counting, noData), { code: 'TASK_DATA', message: /counting needs a.txt/ });
  await requireTaskFiles(counting, openDataFolder(t.testdir({ 'a.txt': '' })));
});

t.test("samples are written in the harness's form", async (t) => {
  const directory = `${t.testdir()}/new/folder`;
  const samples = [
    {
      docId: 0,
      results: [
        { kind: 'logLikelihood' as const, logprob: -1.5, isGreedy: false, tokens: 2 },
        { kind: 'logLikelihood' as const, logprob: -0.5, isGreedy: true, tokens: 1 },
      ],
      scores: { acc: 1, accNorm: 0 },
    },
  ];
  const line = '{"doc_id":0,"resps":[[[-1.5,false]],[[-0.5,true]]],"acc":1,"acc_norm":0}\n';
  t.equal(formatSamples(samples), line);
  t.equal(await writeSamples(directory, 'piqa', samples), `${directory}/samples_piqa.jsonl`);
  t.equal(readFileSync(`${directory}/samples_piqa.jsonl`, 'utf8'), line);
  t.equal(
    formatSamples([{ docId: 1, results: [], scores: { acc: 1 }, targetLogprob: -0.5 }]),
    '{"doc_id":1,"resps":[],"acc":1,"target_logprob":-0.5}\n',
  );
  t.equal(
    formatSamples([
      { docId: 3, results: [{ kind: 'rolling', logprob: -7, tokens: 2 }], scores: { words: 4 } },
      {
        docId: 4,
        results: [{ kind: 'windows', meanLosses: [1, 2], scoredTokens: [7, 7], tokensPerWindow: 8 }],
        scores: {},
      },
    ]),
    '{"doc_id":3,"resps":[[[-7]]],"words":4}\n{"doc_id":4,"resps":[[[1,2]]]}\n',
  );
});
