import { defineMethod, z } from '@lowbit/core';
import type { Kernels, Matrix } from '@lowbit/kernels';

/**
 * MagR (arXiv:2406.00800): before any rounding, each row's largest weight is shrunk where the layer's output does not mind.
 * It minimizes `1/2 |X (W - W0)t|^2 + alpha * sum over rows of max |w|` by proximal gradient steps; X is the layer's
 * calibration input, scaled so that its largest singular value is 1. Chain it: `magr+gptq(bits=3)`.
 */
export const magr = defineMethod({
  name: 'magr',
  version: '1', // raise it when a result can change: finished cells of the old version are then computed again
  description: "shrinks each row's largest weight where the layer's output does not mind",
  source: 'arXiv:2406.00800, algorithm 1; AozhongZhang/MagR 26bbffb',
  options: z.object({
    alpha: z.number().positive().default(1e-3).describe('price of the largest weight; the paper: 1e-4 with groups'),
    iterations: z.int().min(1).default(200).describe('proximal gradient steps'),
    groupSize: z.int().min(1).optional().describe('columns that share a largest weight; absent: the whole row'),
  }),
  layerOptions: ['alpha', 'iterations', 'groupSize'],
  // Its place in a recipe: behind rotations, before codes.
  acts: 'scale',
  needs: () => ({ statistics: ['hessian'], inputs: 'quantized' }),
  async block(block, { optionsFor, kernels }) {
    const statistics = await block.statistics(block.layers, ['hessian']);
    for (const layer of block.layers) {
      const hessian = statistics.get(layer)?.hessian as Float32Array;
      layer.setWeight(await shrink(await layer.weight(), hessian, optionsFor(layer), kernels));
    }
  },
});

/** The minimizer for one layer, `[rows, cols]`; `hessian` is the sum of x xt over its inputs, `[cols, cols]`. */
export async function shrink(
  { rows, cols, data: start }: Matrix,
  hessian: Float32Array,
  { alpha, iterations, groupSize = cols }: { alpha: number; iterations: number; groupSize?: number | undefined },
  kernels: Kernels,
): Promise<Float32Array> {
  const norm = largestEigenvalue(hessian, cols);
  if (norm === 0) return start; // no input ever reached the layer: nothing says what it may lose
  const moment = Float64Array.from(hessian, (value) => value / norm);
  let weight = start.slice();
  for (let step = 0; step < iterations; step++) {
    const moved = weight.map((w, i) => w - (start[i] as number));
    // The kernel multiplies rows by any square matrix, not by rotations alone.
    const gradient = await kernels.rotate(moved, rows, [{ size: cols, matrix: moment }], 1);
    weight = weight.map((w, i) => w - (gradient[i] as number));
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col += groupSize)
        lowerLargest(weight.subarray(row * cols + col, row * cols + Math.min(col + groupSize, cols)), alpha);
  }
  return weight;
}

/**
 * The proximal step of `alpha * max |w|`, in place: the largest weights come down to one level, by `alpha` in sum; all become
 * zero where they do not have as much. (What is cut off is the projection onto the l1 ball of radius alpha.)
 */
function lowerLargest(weights: Float32Array, alpha: number): void {
  let level = -Infinity;
  for (;;) {
    let [sum, count] = [0, 0];
    for (const weight of weights) {
      const size = Math.abs(weight);
      // Those below the level are not cut; without them it comes out higher, until none is left to leave out.
      if (size > level) [sum, count] = [sum + size, count + 1];
    }
    const next = (sum - alpha) / count;
    if (!(next > level)) break;
    level = next;
  }
  level = Math.max(level, 0);
  for (let i = 0; i < weights.length; i++) weights[i] = Math.min(Math.max(weights[i] as number, -level), level);
}

/** Of a symmetric matrix without negative eigenvalues, by power iteration from the row sums. */
function largestEigenvalue(matrix: Float32Array, size: number, sweeps = 100): number {
  let vector = new Float64Array(size).fill(1 / Math.sqrt(size));
  let value = 0;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const next = vector.map((_, row) =>
      vector.reduce((sum, x, col) => sum + x * (matrix[row * size + col] as number), 0),
    );
    value = Math.hypot(...next);
    if (value === 0) return 0;
    vector = next.map((x) => x / value);
  }
  return value;
}

/** What an experiment finds when it names this file under `plugins`. */
export const methods = [magr];
