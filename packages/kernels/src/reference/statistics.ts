import type { ColumnStatistics, Matrix } from '../contract.js';

/** `moment += X^T X`, summed in float64 over the tokens of one call. */
export function addSecondMoment(moment: Float32Array, inputs: Float32Array, tokens: number, cols: number): void {
  const sums = new Float64Array(cols * cols);
  for (let t = 0; t < tokens; t++) {
    const x = inputs.subarray(t * cols, (t + 1) * cols);
    for (let i = 0; i < cols; i++) {
      const xi = x[i]!;
      for (let j = i; j < cols; j++) sums[i * cols + j]! += xi * x[j]!;
    }
  }
  for (let i = 0; i < cols; i++) {
    for (let j = i; j < cols; j++) {
      const sum = moment[i * cols + j]! + sums[i * cols + j]!;
      moment[i * cols + j] = sum;
      moment[j * cols + i] = sum;
    }
  }
}

export function addColumnStatistics(
  { absMax, absSum, min, max }: ColumnStatistics,
  inputs: Float32Array,
  cols: number,
): void {
  inputs.forEach((x, i) => {
    const j = i % cols;
    const size = Math.abs(x);
    if (size > absMax[j]!) absMax[j] = size;
    absSum[j]! += size;
    if (x < min[j]!) min[j] = x;
    if (x > max[j]!) max[j] = x;
  });
}

/** `tr(D H D^T)` */
export function quadraticError({ data, rows, cols }: Matrix, moment: Float32Array): number {
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const d = data.subarray(row * cols, (row + 1) * cols);
    for (let i = 0; i < cols; i++) {
      let product = 0;
      for (let j = 0; j < cols; j++) product += moment[i * cols + j]! * d[j]!;
      total += d[i]! * product;
    }
  }
  return total;
}
