import { loadKernels, openSubject, openTokenizer, scoreTask, type RequestResult, type Sample } from '@lowbit/core';
import { tmpdir } from 'node:os';
import t from 'tap';
import { data, findTask, modelFolder, readGolden } from './golden.js';

// SmolLM2 against lm-evaluation-harness 0.4.13 with torch in float32, document by document.
const tolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));

const tokenizer = await openTokenizer(modelFolder);
const device = { name: 'cpu', threads: 2 };
const subject = await openSubject(modelFolder, { kernels: await loadKernels(), device, workFolder: tmpdir() });
const { scorer } = subject;
t.teardown(() => subject.release());
const logprobs = ({ results }: Sample): number[] =>
  results.map((result) => ('logprob' in result ? result.logprob : NaN));
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
      // Its error there is a bootstrap (17.55), ours the delta method (16.63): the same size on so skewed a sample, no more.
      t.ok(Math.abs((value('perplexity')?.stderr ?? NaN) / results.perplexity_stderr - 1) < 0.25);
    }
  });

// torch's float32 log-softmax adds 49,152 exponentials in 8 lanes (AVX2), one after the other: small ones are lost, and
// log-probabilities come out too high by 1.5e-5 to 1.7e-5 a token (7e-6 with the 16 lanes of AVX-512). Over thousands
// of tokens that exceeds the tolerance. These are the sums of the same logits with a float64 log-softmax (torch 2.9.1,
// transformers 4.57.6, AVX2; its float32 sums equal the golden ones to the last digit).
const exact = [-3316.071322120465, -17292.35616980629, -8376.127814721638, -23913.60398965748];
const softmaxBias = 2e-5;

t.test('wikitext', async (t) => {
  const { docs, results } = readGolden('wikitext');
  const options = { tokenizer, scorer, data, limit: docs.length, window: 2048 };
  const { samples, values } = await scoreTask(findTask('wikitext'), options);
  const distance = worst(samples.flatMap(logprobs), exact);
  t.ok(distance <= 1, `largest distance ${distance.toFixed(3)} of the tolerance`);
  for (const { doc, logprob = NaN } of docs) {
    const [result] = samples[doc].results;
    if (result.kind !== 'rolling') return t.fail('another kind came back');
    t.ok(Math.abs(result.logprob - logprob) <= tolerance(logprob) + softmaxBias * result.tokens, `golden ${doc}`);
  }
  // The bias a token, times 1.4 tokens a word; a byte has fewer.
  const expected = [results.word_perplexity, results.byte_perplexity, results.bits_per_byte];
  for (const [index, { metric, value }] of values.entries())
    t.ok(Math.abs(value / expected[index] - 1) < 1.5 * softmaxBias, `${metric} ${value}`);
});
