import { defineTask, type MetricValue, type ThroughputResult } from '@lowbit/core';

const promptTokens = 512;
const generatedTokens = 128;
const repeats = 5;

const metrics = [
  { name: 'prefillRate', protocol: 'measured/pp{prompt}', higherIsBetter: true },
  { name: 'decodeRate', protocol: 'measured/tg{generated}-d{prompt}', higherIsBetter: true },
  { name: 'timeToFirstToken', protocol: 'measured/pp{prompt}', higherIsBetter: false },
  { name: 'peakMemory', protocol: 'measured/MB', higherIsBetter: false },
];

/** One sequence at a time; a document is one repeat after a warm-up, a value the median of them. */
export const benchDecode = defineTask<number>({
  name: 'bench_decode',
  version: '1',
  description: `Tokens a second: a prompt of ${promptTokens} read at once, ${generatedTokens} tokens written behind it; median of ${repeats}`,
  source: "llama-bench's pp512 and tg128 at depth 512, with the token's head in both",
  metrics: metrics.map((metric) => ({ ...metric, measured: true })),
  files: [],
  documents: async () => Array.from({ length: repeats }, (_, repeat) => repeat),
  requests: () => [{ kind: 'throughput', promptTokens, generatedTokens }],
  score(_, results) {
    const [result] = results.filter((each): each is ThroughputResult => each.kind === 'throughput');
    return {
      prefillRate: result.promptTokens / result.prefillSeconds,
      // The first token comes with the prompt.
      decodeRate: (result.generatedTokens - 1) / result.decodeSeconds,
      timeToFirstToken: result.prefillSeconds,
      peakMemory: result.peakMemoryBytes / 1e6,
    };
  },
  aggregate: (scores) =>
    metrics.map(({ name: metric }): MetricValue => {
      const values = scores.map((score) => score[metric]);
      const value = metric === 'peakMemory' ? Math.max(...values) : median(values);
      return { metric, value, stderr: undefined, n: values.length };
    }),
});

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}
