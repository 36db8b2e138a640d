import type { Grid, GridSpec, ScaleType } from '../contract.js';
import { roundHalfEven } from '../round.js';
import { nearestPositive } from './float-types.js';

/** Step and zero of one segment. */
export interface Step {
  scale: number;
  zero: number;
}

const f32 = Math.fround;
/** The smallest range or absolute maximum that QuaRot, AWQ and SmoothQuant divide. */
const FLOOR = f32(1e-5);
const FLOAT32_EPSILON = 2 ** -23;
const FLOAT32_LEAST = 2 ** -149;
const FLOAT32_MOST = (2 - 2 ** -23) * 2 ** 127;

/** What the grid takes as its range, given the least and the greatest weight. */
export function gridRange(grid: Grid, least: number, greatest: number): [low: number, high: number] {
  const low = grid.name === 'awq' ? least : Math.min(least, 0);
  const high = grid.name === 'awq' ? greatest : Math.max(greatest, 0);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (!grid.symmetric) {
    return grid.name === 'gptq' || grid.name === 'quarot' ? nonEmpty(low, high) : [low, high];
  }
  switch (grid.name) {
    case 'gptq':
      // A row without a negative weight keeps low = 0, as in the reference code.
      return low >= 0 ? nonEmpty(low, largest) : [-largest, largest];
    case 'compressed-tensors':
      return [-largest, largest];
    case 'owq':
      return largest === 0 ? [-1, 1] : [-largest, largest];
    default:
      return [-Math.max(largest, FLOOR), Math.max(largest, FLOOR)];
  }
}

function nonEmpty(low: number, high: number): [number, number] {
  return low === 0 && high === 0 ? [-1, 1] : [low, high];
}

/** Step and zero for a range, shrunk or not. Every operation rounds to float32, as torch does (methods.md 1.3). */
export function gridStep({ grid, scaleType }: GridSpec, low: number, high: number): Step {
  const half = 2 ** (grid.bits - 1);
  const top = 2 ** grid.bits - 1;
  if (grid.symmetric) return { scale: roundScale(symmetricScale(grid, low, high, half, top), scaleType), zero: half };
  const scale = roundScale(asymmetricScale(grid, low, high, top), scaleType);
  return { scale, zero: zeroPoint(grid, low, scale, half, top) };
}

/** A scale of 0 or infinity would make NaN of a weight. */
function roundScale(scale: number, type: ScaleType = 'float32'): number {
  return type === 'float32'
    ? clamp(scale, FLOAT32_LEAST, FLOAT32_MOST)
    : nearestPositive(scale, type === 'float16' ? 'F16' : 'BF16');
}

function symmetricScale(grid: Grid, low: number, high: number, half: number, top: number): number {
  switch (grid.name) {
    case 'gptq':
      return f32(f32(high - low) / top);
    case 'compressed-tensors':
      return Math.max(f32(high / (top / 2)), FLOAT32_EPSILON);
    case 'owq':
      return f32(high / half);
    default:
      return f32(high / (half - 1));
  }
}

function asymmetricScale(grid: Grid, low: number, high: number, top: number): number {
  const width = f32(high - low);
  switch (grid.name) {
    case 'compressed-tensors':
      return Math.max(f32(width / top), FLOAT32_EPSILON);
    case 'gptq':
      return f32(width / top);
    default:
      return f32(Math.max(width, FLOOR) / top);
  }
}

function zeroPoint(grid: Grid, low: number, scale: number, half: number, top: number): number {
  const ratio = f32(low / scale);
  // It clamps before it rounds. Adding 0 turns a negative zero into a plain one: it is stored.
  if (grid.name === 'compressed-tensors') return roundHalfEven(clamp(f32(-half - ratio), -half, half - 1)) + half + 0;
  // Only awq leaves the range of codes by itself; the others do where the scale was rounded down.
  return clamp(-roundHalfEven(ratio), 0, top) + 0;
}

/** The code of one weight. */
export function encodeWeight(grid: Grid, weight: number, { scale, zero }: Step): number {
  const half = 2 ** (grid.bits - 1);
  const ratio = f32(weight / scale);
  if (grid.name === 'compressed-tensors' && !grid.symmetric) {
    // It adds the zero and clamps before it rounds, so that a tie falls by the parity of the sum.
    return roundHalfEven(clamp(f32(ratio + (zero - half)), -half, half - 1)) + half;
  }
  const least = grid.name === 'smoothquant' ? 1 : 0;
  return clamp(f32(roundHalfEven(ratio) + zero), least, 2 ** grid.bits - 1);
}

/** The weight that a code stands for. */
export function decodeWeight(code: number, { scale, zero }: Step): number {
  return f32((code - zero) * scale);
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
