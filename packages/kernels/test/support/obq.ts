import type { GridSpec, Kernels, Matrix } from '@lowbit/kernels';

/**
 * GPTQ written another way, for comparison: eliminate each treated column from H^-1 (optimal brain quantization, the
 * form that GPTQ's Cholesky factor is derived from), in float64, over the whole row at once. Grids come from the
 * kernels, refitted where `refit` says with the columns it is given.
 */
export async function quantizeByElimination(
  kernels: Kernels,
  weight: Matrix,
  damped: Float64Array,
  spec: GridSpec,
  refit?: { width: number; stale: number },
): Promise<{ codes: Uint8Array; loss: number }> {
  const { rows, cols } = weight;
  const codes = new Uint8Array(rows * cols);
  const whole = await kernels.fitGrid(weight, spec);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const w = Float64Array.from(weight.data.subarray(row * cols, (row + 1) * cols));
    let stale = w.slice();
    const inverse = invert(damped, cols);
    let scale = whole.scales[row]!;
    let zero = whole.zeroPoints![row]!;
    for (let i = 0; i < cols; i++) {
      if (refit) {
        if (i % refit.stale === 0) stale = w.slice();
        if (i % refit.width === 0) {
          const part = Float32Array.from(stale.subarray(i, i + refit.width));
          const channel: GridSpec = { ...spec, granularity: 'channel' };
          const fitted = await kernels.fitGrid({ data: part, rows: 1, cols: part.length }, channel);
          scale = fitted.scales[0]!;
          zero = fitted.zeroPoints![0]!;
        }
      }
      const code = Math.min(Math.max(Math.round(w[i]! / scale) + zero, 0), 2 ** spec.grid.bits - 1);
      codes[row * cols + i] = code;
      const error = w[i]! - (code - zero) * scale;
      const pivot = inverse[i * cols + i]!;
      loss += (error * error) / pivot / 2;
      const line = inverse.slice(i * cols, (i + 1) * cols);
      for (let j = i; j < cols; j++) w[j]! -= (error / pivot) * line[j]!;
      for (let k = 0; k < cols; k++) {
        const factor = inverse[k * cols + i]! / pivot;
        for (let j = 0; j < cols; j++) inverse[k * cols + j]! -= factor * line[j]!;
      }
    }
  }
  return { codes, loss };
}

/** Gauss-Jordan without pivoting, enough for a positive definite matrix. */
function invert(matrix: Float64Array, n: number): Float64Array {
  const a = matrix.slice();
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) inverse[i * n + i] = 1;
  for (let i = 0; i < n; i++) {
    const pivot = a[i * n + i]!;
    for (let j = 0; j < n; j++) {
      a[i * n + j]! /= pivot;
      inverse[i * n + j]! /= pivot;
    }
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const factor = a[k * n + i]!;
      for (let j = 0; j < n; j++) {
        a[k * n + j]! -= factor * a[i * n + j]!;
        inverse[k * n + j]! -= factor * inverse[i * n + j]!;
      }
    }
  }
  return inverse;
}
