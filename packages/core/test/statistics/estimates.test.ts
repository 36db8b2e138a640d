import {
  bootstrapPerplexity,
  drawResamples,
  estimateMean,
  estimateRatio,
  exponentiate,
  PythonRandom,
} from '@lowbit/core';
import t from 'tap';

t.test("the mean's error is the sample deviation over root n", async (t) => {
  // python3: statistics.stdev([1, 2, 4, 8]) / 2
  const { value, stderr } = estimateMean([1, 2, 4, 8]);
  t.equal(value, 3.75);
  t.ok(Math.abs((stderr ?? NaN) - 1.5478479684172259) < 1e-14);
  t.strictSame(estimateMean([5]), { value: 5, stderr: undefined });
});

t.test('49 right of 100 has the error that lm-evaluation-harness prints', async (t) => {
  const { stderr } = estimateMean(Array.from({ length: 100 }, (_, i) => (i < 49 ? 1 : 0)));
  t.ok(Math.abs((stderr ?? NaN) - 0.05024183937956912) < 1e-15);
});

t.test('the error of a ratio agrees with its bootstrap', async (t) => {
  const random = new PythonRandom(7);
  const words = Array.from({ length: 200 }, () => 100 + random.randint(0, 900));
  const losses = words.map((count) => count * (3 + random.random()));
  const { value, stderr } = estimateRatio(losses, words);
  const draws = Array.from({ length: 2000 }, () => {
    const chosen = words.map(() => random.randint(0, 199));
    const total = (list: number[]): number => chosen.reduce((sum, index) => sum + list[index], 0);
    return total(losses) / total(words);
  });
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  const deviation = Math.sqrt(draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / (draws.length - 1));
  t.ok(Math.abs(value - mean) < deviation / 10);
  // 2000 draws know a deviation to about 1.6 %.
  t.ok(Math.abs((stderr ?? NaN) / deviation - 1) < 0.06, `${stderr} against ${deviation}`);
  t.strictSame(estimateRatio([6], [3]), { value: 2, stderr: undefined });
});

t.test('equal denominators make a ratio a mean', async (t) => {
  const ratio = estimateRatio([2, 6, 10], [2, 2, 2]);
  const mean = estimateMean([1, 3, 5]);
  t.equal(ratio.value, mean.value);
  t.ok(Math.abs((ratio.stderr ?? NaN) - (mean.stderr ?? NaN)) < 1e-15);
});

t.test('exp carries the error along', async (t) => {
  t.strictSame(exponentiate({ value: 0, stderr: 0.5 }), { value: 1, stderr: 0.5 });
  t.strictSame(exponentiate({ value: 0, stderr: undefined }), { value: 1, stderr: undefined });
});

t.test("a perplexity's bootstrap: its error is the delta method's, its interval holds the loss's", async (t) => {
  const random = new PythonRandom(11);
  const tokens = Array.from({ length: 120 }, () => random.randint(50, 400));
  const losses = tokens.map((count) => count * (2.5 + random.random()));
  const delta = exponentiate(estimateRatio(losses, tokens));
  const found = bootstrapPerplexity(losses, tokens, drawResamples(120, { replicates: 4000 }));
  t.equal(found.value, delta.value);
  // 4,000 replicates know a deviation to 1.1 %; the rest is that exp is not a line over one error of 1 %.
  t.ok(Math.abs((found.stderr ?? 0) / (delta.stderr ?? NaN) - 1) < 0.04, `${found.stderr} and ${delta.stderr}`);
  const reach = Math.log(found.high / found.low) / 2 / ((delta.stderr ?? NaN) / delta.value);
  // Student's quantile with 119 degrees of freedom is 1.98.
  t.ok(Math.abs(reach - 1.98) < 0.12, `${reach} errors to each side`);
  const one = bootstrapPerplexity([3], [1], drawResamples(1, { replicates: 99 }));
  t.match(one, { stderr: undefined, low: 0, high: Infinity });
});
