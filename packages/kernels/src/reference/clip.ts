import type { ClipSearch, Grid, GridSpec } from '../contract.js';
import { decodeWeight, encodeWeight, gridRange, gridStep, type Step } from './grid.js';
import { power } from './power.js';

const f32 = Math.fround;
/** Errors are summed in runs of this length, each in eight sums, so that the native kernel can do the same. */
const RUN = 4096;
const LANES = 8;

/** Step and zero of one segment: a tensor, a row or a group. */
export function fitSegment(spec: GridSpec, values: Float32Array): Step {
  const [low, high] = gridRange(spec.grid, ...extent(values));
  return spec.clip === undefined ? gridStep(spec, low, high) : search(spec, spec.clip, low, high, values);
}

/** The shares of the range that a search tries, from 1 downwards. */
export function clipShares({ steps, maxShrink }: Pick<ClipSearch, 'steps' | 'maxShrink'>): number[] {
  return Array.from({ length: Math.trunc(maxShrink * steps) }, (_, i) => f32(1 - i / steps));
}

function extent(values: Float32Array): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function search(spec: GridSpec, clip: ClipSearch, low: number, high: number, values: Float32Array): Step {
  let best = gridStep(spec, low, high);
  let least = Infinity;
  for (const share of clipShares(clip)) {
    const step = gridStep(spec, f32(share * low), f32(share * high));
    const error = roundingError(spec.grid, step, values, clip.norm);
    if (error < least) {
      best = step;
      least = error;
    }
  }
  return best;
}

/** `sum |decoded - weight|^norm` */
function roundingError(grid: Grid, step: Step, values: Float32Array, norm: number): number {
  let total = 0;
  for (let start = 0; start < values.length; start += RUN) {
    const sums = new Float64Array(LANES);
    values.subarray(start, start + RUN).forEach((value, i) => {
      const decoded = decodeWeight(encodeWeight(grid, value, step), step);
      sums[i % LANES]! += power(f32(Math.abs(decoded - value)), norm);
    });
    total += sums.reduce((sum, part) => sum + part, 0);
  }
  return total;
}
