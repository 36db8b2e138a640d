import { roundHalfEven } from '@lowbit/kernels';
import type { Quantize } from './operators.js';

/** A quantizer with one calibrated range: the grid is known before a value comes. */
export type StaticQuantize = Quantize & { range: { low: number; high: number } };

export function isStaticGrid(operator: Quantize): operator is StaticQuantize {
  const { range, format = 'integer', arithmetic = 'float32' } = operator;
  return typeof range?.low === 'number' && format === 'integer' && arithmetic === 'float32';
}

/**
 * Step and zero point of a quantizer with a calibrated range, in float64: what a file stores as scale and zero point, and
 * the graph rounds to float32. A range without width has step 1. The zero point is 0 where the grid is symmetric, whose
 * codes are signed; else it counts from code 0.
 */
export function staticGrid({ bits, symmetric, clipRatio, includeZero = true, range, step }: StaticQuantize): {
  step: number;
  zeroPoint: number;
} {
  if (symmetric) {
    const steps = step === 'full' ? (2 ** bits - 1) / 2 : 2 ** (bits - 1) - 1;
    return { step: (clipRatio * Math.max(-range.low, range.high)) / steps || 1, zeroPoint: 0 };
  }
  const low = clipRatio * (includeZero ? Math.min(range.low, 0) : range.low);
  const high = clipRatio * (includeZero ? Math.max(range.high, 0) : range.high);
  const width = (high - low) / (2 ** bits - 1) || 1;
  return { step: width, zeroPoint: roundHalfEven(-low / width) };
}

/** The range with which `staticGrid` gives back this float32 step and this zero point, exactly. */
export function rangeOf(
  { bits, symmetric }: Pick<Quantize, 'bits' | 'symmetric'>,
  { step, zeroPoint }: ReturnType<typeof staticGrid>,
): { low: number; high: number } {
  const top = symmetric ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 - zeroPoint;
  return { low: symmetric ? -top * step : -zeroPoint * step, high: top * step };
}
