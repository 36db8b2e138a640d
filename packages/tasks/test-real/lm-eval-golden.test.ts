import { openScorer, openTokenizer, scoreTask, type RequestResult, type Sample } from '@lowbit/core';
import t from 'tap';
import { data, findTask, modelFolder, readGolden } from './golden.js';

// SmolLM2 against lm-evaluation-harness 0.4.13 with torch in float32, document by document.
// The harness pads its batches and sums float32; the bound is that of its own batch shapes on short and long sums.
const tolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));

const tokenizer = await openTokenizer(modelFolder);
const scorer = await openScorer(modelFolder);
const logprobs = ({ results }: Sample): number[] =>
  results.map((result) => (result.kind === 'windows' ? NaN : result.logprob));
const isGreedy = (result: RequestResult): boolean => result.kind === 'logLikelihood' && result.isGreedy;

/** The largest distance in units of the tolerance, so that a failure says by how much. */
function worst(found: number[], expected: number[]): number {
  return Math.max(...expected.map((value, index) => Math.abs(found[index] - value) / tolerance(value)));
}

for (const name of ['piqa', 'arc_easy', 'winogrande', 'lambada_openai'])
  t.test(name, async (t) => {
    const { docs, results } = readGolden(name);
    const { samples, values } = await scoreTask(findTask(name), { tokenizer, scorer, data, limit: docs.length });
    const found = samples.map(logprobs);
    const distances = docs.map(({ doc, logprobs: expected = [] }) => worst(found[doc], expected));
    t.ok(Math.max(...distances) <= 1, `largest distance ${Math.max(...distances).toFixed(3)} of the tolerance`);
    t.strictSame(
      docs.map(({ doc }) => samples[doc].results.map(isGreedy)),
      docs.map(({ greedy }) => greedy),
    );
    t.strictSame(
      docs.map(({ doc }) => [samples[doc].scores.acc, samples[doc].scores.accNorm]),
      docs.map(({ acc, acc_norm: accNorm }) => [acc, accNorm]),
    );
    const value = (metric: string) => values.find((each) => each.metric === metric);
    t.equal(value('acc')?.value, results.acc);
    t.ok(Math.abs((value('acc')?.stderr ?? NaN) - results.acc_stderr) < 1e-12);
    if (results.acc_norm !== undefined) t.equal(value('accNorm')?.value, results.acc_norm);
    if (results.perplexity !== undefined) {
      // exp of the mean of 100 sums, each within 2e-3.
      t.ok(Math.abs((value('perplexity')?.value ?? NaN) / results.perplexity - 1) < 2e-3);
      // Its error there is a bootstrap of this skewed sample, ours the delta method: the same size, no more.
      t.ok(Math.abs((value('perplexity')?.stderr ?? NaN) / results.perplexity_stderr - 1) < 0.25);
    }
  });

t.test('wikitext', async (t) => {
  const { docs, results } = readGolden('wikitext');
  const { samples, values } = await scoreTask(findTask('wikitext'), {
    tokenizer,
    scorer,
    data,
    limit: docs.length,
    window: 2048,
  });
  const distance = worst(
    samples.flatMap(logprobs),
    docs.map(({ logprob = NaN }) => logprob),
  );
  t.ok(distance <= 1, `largest distance ${distance.toFixed(3)} of the tolerance`);
  const expected = [results.word_perplexity, results.byte_perplexity, results.bits_per_byte];
  // Sums within 2e-6 of themselves, times the exponent of about 3.4.
  values.forEach(({ metric, value }, index) =>
    t.ok(Math.abs(value / expected[index] - 1) < 1e-5, `${metric} ${value}`),
  );
});
