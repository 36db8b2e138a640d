import type { GridSpec, Matrix } from '@lowbit/kernels';

/** What the references keep scales and the weight means' sum away from zero by. */
const [least, weightFloor, rangeFloor] = [1e-4, 1e-4, 1e-6];

/** s = mean|x|^r (over mean|w|^(1-r)), at least 1e-4, then over the geometric mean of its ends. */
export function strength(ratio: number, inputMean: Float32Array, weightMean: Float32Array | undefined): Float32Array {
  const factors = inputMean.map((x, j) => {
    const weight = weightMean ? (weightMean[j] as number) ** (1 - ratio) + weightFloor : 1;
    return Math.max(least, x ** ratio / weight);
  });
  let [low, high] = [Infinity, 0];
  for (const s of factors) [low, high] = [Math.min(low, s), Math.max(high, s)];
  const middle = Math.sqrt(low * high);
  return factors.map((s) => (Number.isFinite(s / middle) ? s / middle : 1));
}

/** Mean over the query heads that share a key head: `[heads * headDim]` to `[kvHeads * headDim]`. */
export function meanOfHeads(values: Float32Array, heads: number, kvHeads: number): Float32Array {
  const headDim = values.length / heads;
  const group = heads / kvHeads;
  return Float32Array.from({ length: kvHeads * headDim }, (_, i) => {
    const first = Math.floor(i / headDim) * group * headDim + (i % headDim);
    let sum = 0;
    for (let head = 0; head < group; head++) sum += values[first + head * headDim] as number;
    return sum / group;
  });
}

/** Mean over rows of |w| over its group's largest, what AutoAWQ calls w_mean. */
export function meanWeights(weights: readonly Matrix[], specs: readonly GridSpec[]): Float32Array {
  const sums = new Float32Array(weights[0]?.cols ?? 0);
  for (const [k, { data, cols }] of weights.entries()) {
    const { groupSize } = specs[k] as GridSpec;
    for (let start = 0; start < data.length;) {
      const end = Math.min(start + groupSize, start - (start % cols) + cols);
      let top = 0;
      for (let i = start; i < end; i++) top = Math.max(top, Math.abs(data[i] as number));
      for (let i = start; i < end; i++)
        sums[i % cols] = (sums[i % cols] as number) + Math.abs(data[i] as number) / (top + rangeFloor);
      start = end;
    }
  }
  const rows = weights.reduce((sum, each) => sum + each.rows, 0);
  return sums.map((sum) => sum / rows);
}
