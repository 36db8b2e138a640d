import type { RotationFactor } from './contract.js';

/** The factors of the inverse rotation: every matrix transposed. */
export function invertRotation(factors: readonly RotationFactor[]): RotationFactor[] {
  return factors.map(({ size, matrix }) => ({ size, matrix: matrix && transpose(matrix, size) }));
}

function transpose(matrix: Float64Array, size: number): Float64Array {
  return matrix.map((_, i) => matrix[(i % size) * size + Math.floor(i / size)]!);
}
