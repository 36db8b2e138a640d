import { binomialBelow, binomialDensity, noncentralStudentBelow, studentQuantile } from './distributions.js';

export interface PowerOptions {
  /** Two-sided level of the test; default 0.05. */
  alpha?: number | undefined;
  /** Chance of finding the difference; default 0.8. */
  power?: number | undefined;
}

/** How often one model alone answers right: shares of all documents. Their difference is the difference in accuracy. */
export interface Discordance {
  aOnly: number;
  bOnly: number;
}

const greatest = 2 ** 24;

/**
 * Power of the exact McNemar test on `n` documents at level `alpha`: the chance that it rejects, over the number of
 * differing documents (binomial in n) and which model is ahead on each (binomial in that).
 */
export function mcnemarPower({ aOnly, bOnly }: Discordance, n: number, alpha = 0.05): number {
  const share = aOnly + bOnly;
  if (!(aOnly >= 0 && bOnly >= 0 && share <= 1))
    throw new RangeError(`Expected shares of documents of at most 1 together, got ${aOnly} and ${bOnly}.`);
  if (share === 0) return 0;
  const ahead = aOnly / share;
  const reach = 9 * Math.sqrt(n * share * (1 - share)) + 1;
  const [from, to] = [Math.max(0, Math.floor(n * share - reach)), Math.min(n, Math.ceil(n * share + reach))];
  let critical = -1;
  let power = 0;
  for (let differing = from; differing <= to; differing++) {
    while (critical + 1 <= differing / 2 && 2 * binomialBelow(critical + 1, differing, 0.5) <= alpha) critical++;
    // The tail of the fixed count shrinks as documents are added, so that the critical count never falls.
    if (critical < 0) continue;
    const rejected = binomialBelow(critical, differing, ahead) + binomialBelow(critical, differing, 1 - ahead);
    power += binomialDensity(differing, n, share) * rejected;
  }
  return Math.min(1, power);
}

/**
 * Documents that the exact McNemar test needs: the least number by bisection with at least the power asked for. Power
 * steps a little as n grows, so that a number just above can have a trifle less.
 */
export function mcnemarSampleSize(discordance: Discordance, { alpha = 0.05, power = 0.8 }: PowerOptions = {}): number {
  return leastCount((n) => mcnemarPower(discordance, n, alpha) >= power);
}

/**
 * Power of the two-sided paired t test of a mean difference, `effect` = mean / deviation of the differences, on `n` pairs;
 * that of the paired bootstrap for the differences of many documents.
 */
export function pairedMeanPower(effect: number, n: number, alpha = 0.05): number {
  if (n < 2) return 0;
  const critical = studentQuantile(1 - alpha, n - 1);
  const shift = Math.abs(effect) * Math.sqrt(n);
  return noncentralStudentBelow(-critical, n - 1, shift) + 1 - noncentralStudentBelow(critical, n - 1, shift);
}

/** Pairs that the paired t test needs. */
export function pairedMeanSampleSize(effect: number, { alpha = 0.05, power = 0.8 }: PowerOptions = {}): number {
  return leastCount((n) => pairedMeanPower(effect, n, alpha) >= power);
}

/** The least count that is enough, for a condition that stays true once it is. */
function leastCount(isEnough: (n: number) => boolean): number {
  let high = 2;
  while (!isEnough(high)) {
    high *= 2;
    if (high > greatest)
      throw new RangeError(`Expected a difference that ${greatest} documents can show, got a smaller one.`);
  }
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
