import { medianOf } from './median.js';

/** A stretch of a series at one level, `from` and `to` both in it. */
export interface Level {
  from: number;
  to: number;
  value: number;
}

export interface StepFitOptions {
  /** What a further step must save, in mean absolute deviations times ln of the number of points. */
  penalty?: number | undefined;
  /** Measurements that a level has at least: two outliers in a row are not one. */
  least?: number | undefined;
  /** Deviation of the noise below which differences say nothing. */
  floor?: number | undefined;
}

/**
 * Piecewise constant fit of a series by least absolute deviations with a penalty for each step, exact by dynamic programming
 * in O(n^2) levels (the functional of Friedrich et al. 2008, J. Comput. Graph. Stat. 17, 201-224; asv's step detection solves
 * the same). `nights[i]` are the measurements of point i, which stay together. The scale of the noise comes from differences
 * of neighbours, so that steps do not enter it.
 */
export function fitSteps(
  nights: readonly (readonly number[])[],
  { penalty = 2, least = 3, floor = 0.005 }: StepFitOptions = {},
): Level[] {
  const n = nights.length;
  const points = nights.reduce((total, { length }) => total + length, 0);
  if (n === 0) return [];
  const price = penalty * Math.sqrt(2 / Math.PI) * Math.max(floor, differenceNoise(nights)) * Math.log(points + 1);
  // best[j]: least cost of the first j points; start[j]: where their last level begins.
  const best = new Float64Array(n + 1).fill(Infinity);
  const start = new Int32Array(n + 1);
  best[0] = -price;
  for (let from = 0; from < n; from++) {
    if (best[from] === Infinity) continue;
    const run = new RunningDeviation();
    for (let to = from; to < n; to++) {
      for (const value of nights[to] as readonly number[]) run.add(value);
      const cost = (best[from] as number) + price + run.cost;
      // A whole series that is too short is one level nevertheless.
      const isLongEnough = run.size >= least || (from === 0 && to === n - 1);
      if (isLongEnough && cost < (best[to + 1] as number)) [best[to + 1], start[to + 1]] = [cost, from];
    }
  }
  const levels: Level[] = [];
  for (let end = n; end > 0; end = start[end] as number) {
    const from = start[end] as number;
    levels.unshift({ from, to: end - 1, value: medianOf(nights.slice(from, end).flat()) });
  }
  return levels;
}

/** Deviation of normal noise from the median absolute difference of neighbours. */
function differenceNoise(nights: readonly (readonly number[])[]): number {
  const middles = nights.map(medianOf);
  const differences = middles.slice(1).map((value, i) => Math.abs(value - (middles[i] as number)));
  return differences.length === 0 ? 0 : (1.4826 * medianOf(differences)) / Math.SQRT2;
}

/** Sum of absolute deviations from the median of a growing list: one more adds its distance to the median interval. */
class RunningDeviation {
  readonly #sorted: number[] = [];
  cost = 0;

  get size(): number {
    return this.#sorted.length;
  }

  add(value: number): void {
    const sorted = this.#sorted;
    const { length } = sorted;
    if (length > 0) {
      const low = sorted[(length - 1) >> 1] as number;
      const high = sorted[length >> 1] as number;
      this.cost += Math.max(0, low - value, value - high);
    }
    let [first, last] = [0, length];
    while (first < last) {
      const middle = (first + last) >> 1;
      if ((sorted[middle] as number) < value) first = middle + 1;
      else last = middle;
    }
    sorted.splice(first, 0, value);
  }
}
