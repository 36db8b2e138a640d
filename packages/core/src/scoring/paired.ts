import { estimateRatio } from './statistics.js';
import type { Estimate } from './statistics.js';

/** An estimate with a confidence interval; infinite ends where one observation leaves it open. */
export interface Interval extends Estimate {
  low: number;
  high: number;
}

export interface PairedOptions {
  /** What a document counts, its tokens for instance; default 1 each. */
  weights?: readonly number[] | undefined;
  /** Share of such intervals that hold the true difference; default 0.95. */
  level?: number | undefined;
}

/**
 * Sum of `a - b` over the sum of weights: the difference of two losses per token, say, from sums over the same documents,
 * in nats. Documents are what varies together, so they are the observations; pairing takes out what is hard in a document
 * for both. Student's t with n - 1 degrees of freedom on the delta method's error. A difference of two recipes is
 * told from chance where the interval leaves out 0; exp of its ends minus 1 bounds the relative change of perplexity.
 */
export function pairedInterval(a: readonly number[], b: readonly number[], options: PairedOptions = {}): Interval {
  const { weights = a.map(() => 1), level = 0.95 } = options;
  if (a.length !== b.length || a.length !== weights.length)
    throw new RangeError(
      `Expected pairs and weights of the same documents, got ${a.length}, ${b.length} and ${weights.length}.`,
    );
  const differences = a.map((each, i) => each - (b[i] as number));
  const { value, stderr } = estimateRatio(differences, weights);
  if (stderr === undefined) return { value, stderr, low: -Infinity, high: Infinity };
  const reach = studentQuantile(level, a.length - 1) * stderr;
  return { value, stderr, low: value - reach, high: value + reach };
}

/** The t that |T| stays below with probability `level`, for a whole number of degrees of freedom. */
export function studentQuantile(level: number, freedom: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (withinAngle(middle, freedom) < level) low = middle;
    else high = middle;
  }
  return Math.sqrt(freedom) * Math.tan((low + high) / 2);
}

/** P(|T| < sqrt(freedom) tan(angle)): the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4. */
function withinAngle(angle: number, freedom: number): number {
  const odd = freedom % 2;
  const square = Math.cos(angle) ** 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = 0;
  for (let k = odd; k < freedom - 1; k += 2) {
    sum += term;
    term *= (square * (k + 1)) / (k + 2);
  }
  const part = Math.sin(angle) * sum;
  return odd ? (2 / Math.PI) * (angle + part) : part;
}
