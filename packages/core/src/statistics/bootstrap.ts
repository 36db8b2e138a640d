import { createRandomBits } from '@lowbit/kernels';
import { estimateRatio, sum } from './estimates.js';
import type { Estimate } from './estimates.js';
import type { Interval } from './paired-interval.js';
import type { PairedTest } from './sign-test.js';

/** Samples with replacement of `n` observations: `n` indices a replicate, one replicate after the other. */
export interface Resamples {
  n: number;
  replicates: number;
  indices: Uint32Array;
}

/**
 * Drawn with xoshiro128** from `seed` (0 to 2^32 - 1), index floor(n u / 2^32) of a 32-bit u: the same on every machine.
 * Use one set for all comparisons on a task: the noise of drawing is then common to them.
 */
export function drawResamples(n: number, { replicates = 9_999, seed = 0 } = {}): Resamples {
  const bits = createRandomBits(seed);
  const indices = new Uint32Array(n * replicates);
  for (let at = 0; at < indices.length; at++) indices[at] = Math.floor((bits() * n) / 2 ** 32);
  return { n, replicates, indices };
}

/** An estimate whose error and interval come from resampling. */
export interface BootstrapEstimate extends Interval {
  /** value* - value of each replicate. */
  shifts: Float64Array;
  /** |value* - value| / s* of the replicates, rising; infinite where a replicate had no variation. */
  distances: Float64Array;
}

/**
 * Sum of `values` over sum of `weights` (a loss per token, say), resampled by document. `stderr` is the deviation of the
 * replicates. The interval is symmetric bootstrap-t: value ± q s with s the delta method's error and q the `level`
 * quantile of |value* - value| / s* over the replicates (Efron and Tibshirani 1993, chapter 12; Hall 1988).
 *
 * Not percentile or BCa: with the 10 to 40 windows of a quick run these are as short as if the deviation were known, so
 * that true zeros are called differences too often; here each replicate is measured by its own deviation. Replicates
 * that draw one document only have none and count as far away: five documents can hardly show anything, and do not.
 */
export function bootstrapRatio(
  values: readonly number[],
  weights: readonly number[],
  resamples: Resamples,
  level = 0.95,
): BootstrapEstimate {
  const { n, replicates, indices } = resamples;
  if (values.length !== n || weights.length !== n || n === 0)
    throw new RangeError(
      `Expected values and weights of the ${n} observations drawn from, got ${values.length} and ${weights.length}.`,
    );
  const { value, stderr: error } = estimateRatio(values, weights);
  // About the estimate, so that the sums below lose no digits.
  const residuals = Float64Array.from(values, (each, i) => each - value * (weights[i] as number));
  const sizes = Float64Array.from(weights);
  const shifts = new Float64Array(replicates);
  const distances = new Float64Array(replicates);
  for (let replicate = 0; replicate < replicates; replicate++) {
    let [r, w, rr, rw, ww] = [0, 0, 0, 0, 0];
    for (let at = replicate * n; at < (replicate + 1) * n; at++) {
      const i = indices[at] as number;
      const residual = residuals[i] as number;
      const size = sizes[i] as number;
      r += residual;
      w += size;
      rr += residual * residual;
      rw += residual * size;
      ww += size * size;
    }
    const away = (shifts[replicate] = r / w);
    const spread = Math.sqrt((Math.max(0, rr - 2 * away * rw + away * away * ww) * n) / Math.max(1, n - 1)) / w;
    distances[replicate] = spread > 1e-12 * Math.abs(away) ? Math.abs(away) / spread : Infinity;
  }
  distances.sort();
  const q = distances[Math.min(replicates - 1, Math.ceil(level * (replicates + 1)) - 1)] as number;
  const reach = error === 0 ? 0 : q * (error ?? Infinity);
  const stderr = deviationOf(shifts, n);
  return { value, stderr, low: value - reach, high: value + reach, shifts, distances };
}

/** Root mean square of the replicates' shifts, with the n - 1 of a sample of n; undefined for one observation. */
function deviationOf(shifts: Float64Array, n: number): number | undefined {
  if (n < 2) return undefined;
  const squares = shifts.reduce((total, shift) => total + shift * shift, 0);
  return Math.sqrt(((squares / shifts.length) * n) / (n - 1));
}

/**
 * Paired bootstrap of two models' scores on the same documents: `bootstrapRatio` of their differences. Two-sided
 * p = (1 + replicates at least as far away as 0 is) / (1 + replicates), so never 0, and below 1 - level where the interval
 * leaves out 0. For losses the difference is in nats; exp of it, and of the ends, is the ratio of two perplexities.
 */
export function pairedBootstrap(
  a: readonly number[],
  b: readonly number[],
  weights: readonly number[],
  resamples: Resamples,
  level = 0.95,
): PairedTest {
  if (a.length !== b.length) throw new RangeError(`Expected pairs of scores, got ${a.length} and ${b.length}.`);
  const differences = a.map((each, i) => each - (b[i] as number));
  if (differences.every((each) => each === 0)) return { n: a.length, difference: 0, low: 0, high: 0, p: 1 };
  const { value, low, high, distances } = bootstrapRatio(differences, weights, resamples, level);
  const { stderr = 0 } = estimateRatio(differences, weights);
  const distance = stderr > 1e-12 * Math.abs(value) ? Math.abs(value) / stderr : 0;
  const p = (1 + countFrom(distances, distance)) / (1 + distances.length);
  return { n: a.length, difference: value, low, high, p };
}

/** How many of the rising `values` are at least `from`. */
function countFrom(values: Float64Array, from: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  return values.length - low;
}

/**
 * Perplexity exp(sum of losses / sum of weights), losses in nats, resampled by document or window: `stderr` from exp of
 * the replicates, ends exp of the loss's. 1,000 replicates know a standard error to about 2 %.
 */
export function bootstrapPerplexity(
  losses: readonly number[],
  weights: readonly number[],
  resamples: Resamples,
  level = 0.95,
): Interval {
  const { value, low, high, shifts } = bootstrapRatio(losses, weights, resamples, level);
  const perplexity = Math.exp(value);
  const stderr = deviationOf(
    shifts.map((shift) => perplexity * Math.expm1(shift)),
    losses.length,
  );
  return { value: perplexity, stderr, low: Math.exp(low), high: Math.exp(high) };
}

/**
 * The perplexity of a task's row: its error by 1,000 resamples of the documents, as lm-evaluation-harness gives it, but the same
 * ones on every machine.
 */
export function estimatePerplexity(losses: readonly number[], weights: readonly number[]): Estimate {
  const resamples = drawResamples(losses.length, { replicates: 1000 });
  const { value, stderr } = bootstrapPerplexity(losses, weights, resamples);
  return { value, stderr };
}

/** Observations in at most `limit` groups of neighbours, values and weights summed: a ratio of sums stays what it is. */
export function groupNeighbours(values: readonly number[], limit: number): number[] {
  const groups = Math.min(values.length, limit);
  const first = (group: number): number => Math.floor((group * values.length) / groups);
  return Array.from({ length: groups }, (_, group) => sum(values.slice(first(group), first(group + 1))));
}
