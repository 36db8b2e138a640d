import type { RotationFactor } from '../contract.js';

/** One axis after the other, in float64, by the definition. */
export function rotate(values: Float32Array, outer: number, factors: readonly RotationFactor[]): Float32Array {
  let rotated = Float64Array.from(values);
  let before = outer;
  let after = values.length / outer;
  for (const { size, matrix } of factors) {
    after /= size;
    if (matrix) rotated = rotateAxis(rotated, before, size, after, matrix);
    before *= size;
  }
  return Float32Array.from(rotated);
}

/** The middle axis of [before, size, after]. */
function rotateAxis(values: Float64Array, before: number, size: number, after: number, matrix: Float64Array) {
  const rotated = new Float64Array(values.length);
  for (let start = 0; start < before * size * after; start += size * after) {
    for (let k = 0; k < size; k++) {
      for (let j = 0; j < size; j++) {
        const weight = matrix[k * size + j]!;
        for (let i = 0; i < after; i++) rotated[start + j * after + i]! += values[start + k * after + i]! * weight;
      }
    }
  }
  return rotated;
}
