/** What a figure may move by, relative, and be called the same. */
export interface Tolerances {
  /** By metric; what is named here decides alone, in place of a paired test as well. */
  metrics?: Readonly<Record<string, number>> | undefined;
  /** Of times, rates and memory; default `measuredTolerance`. */
  measured?: number | undefined;
}

/**
 * Of figures that the same arithmetic gives: equal code and input give equal bits, so this only takes in sums that a change
 * of code put in another order (2e-6 a token at most, far less in a mean).
 */
export const sameArithmeticTolerance = 1e-6;

/** Of other arithmetic: beyond it a paired test decides. Perplexities of float, rtn and gptq then agree to 4e-8. */
export const otherArithmeticTolerance = 1e-5;

/** Of two single measurements on the same machine: two runs cannot know their own noise. */
export const measuredTolerance = 0.1;

/**
 * Of distances to float with other arithmetic. Searches and rounded activations then decide ties otherwise: with another order
 * of the attention's sums mean and quantiles moved by up to 1.4 %, the largest KL of a token by 34 %, the right answers'
 * log-probabilities by 0.004 nats (docs/comparing-runs.md).
 */
export function distanceTolerance({ metric, n }: { metric: string; n: number }): {
  relative: number;
  absolute: number;
} {
  if (metric === 'klMax') return { relative: 0.5, absolute: 0 };
  if (metric === 'targetLogprobDelta') return { relative: 0.05, absolute: 0.01 };
  // Shares move by whole documents or tokens.
  return { relative: 0.05, absolute: metric === 'flips' ? 2 / Math.max(1, n) : 0 };
}

/** Whether two finite figures agree: figures near 0 by a thousandth of the tolerance, for nothing is relative to 0. */
export function isWithin(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b), 1e-3);
}

/** Whether a ratio lies between 1 / (1 + tolerance) and 1 + tolerance. */
export function isRatioWithin(ratio: number, tolerance: number): boolean {
  return Math.abs(Math.log(ratio)) <= Math.log1p(tolerance);
}
