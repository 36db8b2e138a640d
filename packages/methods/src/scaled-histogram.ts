import type { WeightedPoints } from './k-means.js';

/** Bins over [-1, 1]: far finer than levels, so that clusters of the bins' means are those of the values to 1e-4. */
const bins = 2 ** 14;

/** Values scaled to [-1, 1] by their own ranges, as weighted points in bounded memory. */
export class ScaledHistogram {
  readonly #weights = new Float64Array(bins);
  readonly #sums = new Float64Array(bins);

  /** What lies outside low .. high is left out; so is a range without width, where every level gives the same. */
  add(value: number, low: number, high: number, weight = 1): void {
    if (!(value >= low && value <= high && low < high)) return;
    const x = (2 * value - low - high) / (high - low);
    const bin = Math.max(0, Math.min(bins - 1, Math.floor(((x + 1) / 2) * bins)));
    this.#weights[bin] = (this.#weights[bin] as number) + weight;
    this.#sums[bin] = (this.#sums[bin] as number) + weight * x;
  }

  /** The means of the bins that hold anything. */
  points(): WeightedPoints {
    const filled = [...this.#weights.keys()].filter((bin) => (this.#weights[bin] as number) > 0);
    return {
      points: Float64Array.from(filled, (bin) => (this.#sums[bin] as number) / (this.#weights[bin] as number)),
      weights: Float64Array.from(filled, (bin) => this.#weights[bin] as number),
    };
  }
}

/** Linear interpolation between the two nearest of ascending values, as numpy and torch do. */
export function quantile(sorted: Float32Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}
