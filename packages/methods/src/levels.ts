import type { WeightedPoints } from './k-means.js';

/** 2^bits levels, evenly spaced from -1 to 1. */
export function uniformLevels(bits: number): Float64Array {
  const last = 2 ** bits - 1;
  return Float64Array.from({ length: last + 1 }, (_, i) => (2 * i) / last - 1);
}

/** Share of the normal distribution beyond NormalFloat's outermost levels (arXiv:2306.06965), the same at all widths. */
const tail = 0.5 * (1 / 32 + 1 / 30);

/**
 * NormalFloat (QLoRA; the KVQuant code at other widths): quantiles of the normal distribution, half of them below zero, zero,
 * and the rest above, each side scaled to end at -1 and 1.
 */
export function normalFloatLevels(bits: number): Float64Array {
  const half = 2 ** (bits - 1);
  const side = (steps: number): number[] => {
    const quantiles = Array.from({ length: steps }, (_, i) => normalQuantile(0.5 + ((0.5 - tail) * (i + 1)) / steps));
    return quantiles.map((x) => x / (quantiles.at(-1) as number));
  };
  const below = side(half - 1).map((x) => -x);
  return Float64Array.from([...below.reverse(), 0, ...side(half)]);
}

/** Inverse of the normal distribution function by Newton's method, for 0.5 <= p < 0.99. */
function normalQuantile(p: number): number {
  let x = 0;
  for (let step = 0; step < 30; step++) {
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    // Marsaglia 2004: sum of x^(2n+1) / (1 * 3 * ... * (2n+1)).
    let sum = 0;
    for (let n = 1, term = x; sum + term !== sum; n += 2, term *= (x * x) / n) sum += term;
    x -= (0.5 + density * sum - p) / density;
  }
  return x;
}

/** Halfway between neighbours: below one lies what is nearest to the lower. */
export function boundariesOf(levels: Float64Array): Float64Array {
  return Float64Array.from({ length: Math.max(0, levels.length - 1) }, (_, i) => {
    const [low, high] = [levels[i] as number, levels[i + 1] as number];
    return (low + high) / 2;
  });
}

/** Q-Norm (KVQuant): levels moved and spread so that rounding keeps mean and deviation of the points. */
export function normaliseLevels({ points, weights }: WeightedPoints, levels: Float64Array): Float64Array {
  const boundaries = boundariesOf(levels);
  let code = 0;
  const rounded = points.map((x) => {
    while (x > (boundaries[code] ?? Infinity)) code++;
    return levels[code] as number;
  });
  const [before, after] = [moments(points, weights), moments(rounded, weights)];
  const spread = after.deviation === 0 ? 1 : before.deviation / after.deviation;
  return levels.map((level) => (level - after.mean) * spread + before.mean);
}

function moments(values: Float64Array, weights: Float64Array): { mean: number; deviation: number } {
  let [mass, sum, squares] = [0, 0, 0];
  for (const [i, x] of values.entries()) {
    const w = weights[i] as number;
    [mass, sum] = [mass + w, sum + w * x];
  }
  const mean = sum / mass;
  for (const [i, x] of values.entries()) squares += (weights[i] as number) * (x - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / mass) };
}
