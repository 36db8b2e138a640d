import type { Codebook, Operators } from '@lowbit/core';
import type { Row } from './decode-llama.js';

/** Rounds a value to what stands for it in the range low .. high. */
export type Snap = (x: number, low: number, high: number) => number;

/** Levels on [-1, 1]; without `boundaries` the nearest is taken, the lower of two. */
export function snapToLevels(levels: ArrayLike<number>, boundaries?: ArrayLike<number>): Snap {
  return (x, low, high) => {
    const [middle, half] = [(low + high) / 2, (high - low) / 2];
    const scaled = (x - middle) / (half || 1);
    const distances = Array.from(levels, (level) => Math.abs(scaled - level));
    const code = boundaries
      ? Array.from(boundaries).filter((boundary) => boundary < scaled).length
      : distances.indexOf(Math.min(...distances));
    return (levels[code] ?? NaN) * half + middle;
  };
}

/** The uniform variant as the code writes it: an offset that is not rounded. */
export function snapUniform(bits: number): Snap {
  return (x, low, high) => {
    const top = 2 ** bits - 1;
    const scale = top / (high - low);
    const offset = low * scale;
    const code = Math.min(top, Math.max(0, Math.round(scale * x - offset)));
    return (code + offset) / scale;
  };
}

/** A key by the calibrated ranges of its channels; what lies outside is kept, or clamped by the snap. */
export function roundKey(row: Row, low: ArrayLike<number>, high: ArrayLike<number>, keep: boolean, snap: Snap): Row {
  return row.map((x, i) => {
    const [bottom, top] = [low[i] ?? NaN, high[i] ?? NaN];
    return keep && (x < bottom || x > top) ? x : snap(x, bottom, top);
  });
}

/** A value by the range of what its token holds between two quantiles; the token's median stands for the rest. */
export function roundValue(row: Row, outliers: number, snap: Snap): Row {
  const sorted = row.toSorted();
  const [below, above] = [percentile(sorted, outliers / 2), percentile(sorted, 1 - outliers / 2)];
  const isOutlier = (x: number): boolean => outliers > 0 && (x <= below || x >= above);
  const median = sorted[Math.floor((row.length - 1) / 2)] ?? NaN;
  const inner = row.map((x) => (isOutlier(x) ? median : x));
  const [low, high] = [Math.min(...inner), Math.max(...inner)];
  return row.map((x) => (isOutlier(x) ? x : snap(x, low, high)));
}

/** Linear interpolation, as numpy.percentile and torch.quantile. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
  return low + (high - low) * (place % 1);
}

/** What kvquant left at a site. */
export function operatorAt(operators: Operators, block: number, site: 'keyBeforeRope' | 'value'): Codebook {
  return operators.get(`block.${block}.${site}`)?.[0] as Codebook;
}
