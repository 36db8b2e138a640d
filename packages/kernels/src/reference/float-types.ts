import type { HalfType } from '../contract.js';
import { roundHalfEven } from '../round.js';

/** Bits of the fraction, least exponent of a normal number, exponent bias, all-ones exponent. */
const LAYOUTS = {
  BF16: { fraction: 7, least: -126, special: 0xff },
  F16: { fraction: 10, least: -14, special: 0x1f },
} as const;

export function widen(bytes: Uint8Array, dtype: HalfType): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => widenOne(view.getUint16(2 * i, true), dtype));
}

export function narrow(values: Float32Array, dtype: HalfType): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint16(2 * i, narrowOne(value, dtype), true));
  return bytes;
}

/** The nearest value of the type above zero and below infinity, ties to the even one; `value` is positive or 0. */
export function nearestPositive(value: number, dtype: HalfType): number {
  const { fraction, special } = LAYOUTS[dtype];
  const largest = (special << fraction) - 1;
  return widenOne(Math.min(Math.max(narrowOne(value, dtype), 1), largest), dtype);
}

function widenOne(bits: number, dtype: HalfType): number {
  const { fraction, least, special } = LAYOUTS[dtype];
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fraction;
  const rest = (bits & ((1 << fraction) - 1)) / 2 ** fraction;
  if (exponent === special) return rest === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * rest * 2 ** least : sign * (1 + rest) * 2 ** (least - 1 + exponent);
}

function narrowOne(value: number, dtype: HalfType): number {
  const { fraction, least, special } = LAYOUTS[dtype];
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const infinity = special << fraction;
  if (Number.isNaN(value)) return infinity | (1 << (fraction - 1));
  const size = Math.abs(value);
  if (size === Infinity) return sign | infinity;
  const exponent = Math.max(binaryExponent(size), least);
  // Counted in units of the last place, a carry into the next exponent comes out by itself.
  const units = roundHalfEven(size / 2 ** (exponent - fraction));
  return sign | Math.min(((exponent - least) << fraction) + units, infinity);
}

/** `floor(log2(size))`; logarithms may be off by one just below a power of two. */
function binaryExponent(size: number): number {
  const guess = Math.floor(Math.log2(size));
  return size < 2 ** guess ? guess - 1 : size >= 2 ** (guess + 1) ? guess + 1 : guess;
}
