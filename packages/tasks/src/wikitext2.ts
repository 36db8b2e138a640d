import { defineTask, estimateMean, exponentiate, joinWikitext, type WindowsResult } from '@lowbit/core';

const file = 'wikitext2/wiki.test.raw';

/** The perplexity of the quantization papers: exp of the mean of the windows' mean losses. */
export const wikitext2 = defineTask<string>({
  name: 'wikitext2',
  version: '1',
  description: 'WikiText-2 perplexity as the quantization papers compute it (raw test split, windows of equal length)',
  source: 'Merity et al. 2016; GPTQ, AWQ, SmoothQuant, QuaRot',
  metrics: [
    {
      name: 'perplexity',
      higherIsBetter: false,
      protocol: 'ppl/papers-{window}',
      comparison: { test: 'bootstrap', each: 'window', scale: 'perplexity' },
    },
  ],
  files: [file],
  documents: async (data) => [joinWikitext(await data.readText(file))],
  requests: (text) => [{ kind: 'windows', text, window: 2048 }],
  score(_, results) {
    const losses = results.filter((result): result is WindowsResult => result.kind === 'windows')[0].meanLosses;
    const { value, stderr } = estimateMean(losses);
    return { loss: value, windows: losses.length, ...(stderr === undefined ? {} : { lossStderr: stderr }) };
  },
  /** One document: the observations behind value and error are its windows. */
  aggregate: ([{ loss, lossStderr, windows }]) => [
    { metric: 'perplexity', ...exponentiate({ value: loss, stderr: lossStderr }), n: windows },
  ],
});
