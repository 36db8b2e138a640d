import type { ClipSearch, GridSpec, Matrix } from '../contract.js';
import { groupCount, groupWidth } from '../shape.js';
import { clipShares } from './clip.js';
import { decode, encode, fitGrid } from './codes.js';

/** Straight from the definition, group by group; a tensor's clamped together. */
export function clipGroups(
  weight: Matrix,
  samples: Float32Array,
  spec: GridSpec,
  search: Pick<ClipSearch, 'steps' | 'maxShrink'>,
): Float32Array {
  const { rows, cols, data } = weight;
  const [width, groups] = [groupWidth(spec, cols), groupCount(spec, cols)];
  const groupOf = (i: number): number => Math.floor(i / cols) * groups + Math.floor((i % cols) / width);
  const largest = new Float32Array(rows * groups);
  data.forEach((w, i) => (largest[groupOf(i)] = Math.max(largest[groupOf(i)]!, Math.abs(w))));
  const clamp = (limits: Float32Array): Float32Array =>
    data.map((w, i) => Math.min(Math.max(w, -limits[groupOf(i)]!), limits[groupOf(i)]!));
  const best = { errors: new Float64Array(rows * groups).fill(Infinity), limits: largest.slice() };
  for (const share of clipShares(search)) {
    const limits = largest.map((top) => share * top);
    const clamped = { rows, cols, data: clamp(limits) };
    const parameters = fitGrid(clamped, spec);
    const delta = decode(encode(clamped, spec, parameters), cols, spec, parameters).map((q, i) => q - data[i]!);
    for (const [group, error] of groupErrors({ rows, cols, data: delta }, samples, width).entries())
      if (error < best.errors[group]!) {
        best.errors[group] = error;
        best.limits[group] = limits[group]!;
      }
  }
  return clamp(best.limits);
}

/** Each token's partial product of each group, squared: rows x groups. */
function groupErrors({ data, rows, cols }: Matrix, samples: Float32Array, width: number): Float64Array {
  const groups = Math.ceil(cols / width);
  const errors = new Float64Array(rows * groups);
  for (let token = 0; token < samples.length; token += cols)
    for (let row = 0; row < rows; row++)
      for (let group = 0; group < groups; group++) {
        let product = 0;
        for (let j = group * width; j < Math.min(cols, (group + 1) * width); j++)
          product += samples[token + j]! * data[row * cols + j]!;
        errors[row * groups + group]! += product * product;
      }
  return errors;
}
