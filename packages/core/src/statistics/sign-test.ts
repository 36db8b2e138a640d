import { binomialBelow } from './distributions.js';

/** What a paired test says of `a - b`: the difference, an interval at the level asked for, a two-sided p value. */
export interface PairedTest {
  /** Observations: documents, windows, or groups of documents. */
  n: number;
  difference: number;
  low: number;
  high: number;
  p: number;
  /** Documents on which `a` alone, and `b` alone, is ahead: what the exact tests rest on. */
  discordant?: [a: number, b: number] | undefined;
}

/**
 * Exact sign test of `a` against `b` on the same `n` documents: of those where they differ, the number on which `a` is
 * ahead is binomial with probability 1/2 if neither is better. Ties say nothing and are left out (Dixon and Mood 1946).
 * Two-sided p: twice the smaller tail, at most 1. `difference` is (a ahead - b ahead) / n. Its interval takes the number
 * of differing documents as given, as the test does: Clopper and Pearson's for the share of `a` among them. So it leaves
 * out 0 exactly where p < 1 - level.
 */
export function signTest(ahead: number, behind: number, n: number, level = 0.95): PairedTest {
  for (const count of [ahead, behind, n])
    if (!Number.isInteger(count) || count < 0)
      throw new RangeError(`Expected counts of documents, got ${ahead}, ${behind} and ${n}.`);
  if (ahead + behind > n || n === 0)
    throw new RangeError(`Expected at most n differing documents of n > 0, got ${ahead} + ${behind} of ${n}.`);
  const differing = ahead + behind;
  const p = Math.min(1, 2 * binomialBelow(Math.min(ahead, behind), differing, 0.5));
  const [low, high] = shareInterval(ahead, differing, (1 - level) / 2);
  const toDifference = (share: number): number => ((2 * share - 1) * differing) / n;
  const found = { n, difference: (ahead - behind) / n, p, discordant: [ahead, behind] as [number, number] };
  if (differing === 0) return { ...found, low: 0, high: 0 };
  return { ...found, low: toDifference(low), high: toDifference(high) };
}

/**
 * Exact McNemar test of two models' right (1) and wrong (0) answers to the same questions: the sign test on those that
 * one of them alone gets right (McNemar 1947; the exact form, without a chi-square approximation). Conservative.
 */
export function mcnemarTest(a: readonly number[], b: readonly number[], level = 0.95): PairedTest {
  if ([...a, ...b].some((score) => score !== 0 && score !== 1))
    throw new RangeError('Expected answers that are right (1) or wrong (0), got another score.');
  return signTestOf(a, b, level);
}

/** The sign test on two lists of scores of the same documents. */
export function signTestOf(a: readonly number[], b: readonly number[], level = 0.95): PairedTest {
  if (a.length !== b.length) throw new RangeError(`Expected pairs of scores, got ${a.length} and ${b.length}.`);
  const signs = a.map((score, i) => Math.sign(score - (b[i] as number)));
  const count = (sign: number): number => signs.filter((each) => each === sign).length;
  return signTest(count(1), count(-1), a.length, level);
}

/** Clopper and Pearson's interval of a share, `tail` on each side: where the binomial tails reach it. */
export function shareInterval(k: number, n: number, tail: number): [low: number, high: number] {
  // P(X >= k) rises with the share, P(X <= k) falls.
  const low = k === 0 ? 0 : bisect((share) => 1 - binomialBelow(k - 1, n, share) < tail);
  const high = k === n ? 1 : bisect((share) => binomialBelow(k, n, share) > tail);
  return [low, high];
}

/** The end of the part of [0, 1], from 0 on, where `holds`. */
function bisect(holds: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 54; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
