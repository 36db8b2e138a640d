import { studentQuantile } from './distributions.js';
import { estimateRatio } from './estimates.js';
import type { Estimate } from './estimates.js';

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
