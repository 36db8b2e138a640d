import type { Grid, GridName, GridSpec, Matrix } from '@lowbit/kernels';

/** Seeded numbers from -1 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}

export function randomArray(length: number, seed: number): Float32Array {
  const next = createRandom(seed);
  return Float32Array.from({ length }, next);
}

/** Rows with different ranges, some one-sided: ggml's test formula plus noise. */
export function createWeight(rows: number, cols: number, seed = 1): Matrix {
  const next = createRandom(seed);
  const data = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    const offset = row % 4 === 3 ? 0.4 : 0;
    for (let col = 0; col < cols; col++) {
      data[row * cols + col] = (0.1 + 0.2 * Math.cos(row * cols + col) + 0.1 * next() + offset) * (1 + (row % 3));
    }
  }
  return { data, rows, cols };
}

/** Inputs whose columns are correlated and of different size, as those of a layer are. */
export function createInputs(tokens: number, cols: number, seed: number): Float32Array {
  const next = createRandom(seed);
  const inputs = new Float32Array(tokens * cols);
  for (let t = 0; t < tokens; t++) {
    let carried = 0;
    for (let j = 0; j < cols; j++) {
      carried = 0.8 * carried + next();
      inputs[t * cols + j] = carried * (1 + (j % 5));
    }
  }
  return inputs;
}

/** `X^T X` in float64, rounded at the end. */
export function secondMoment(inputs: Float32Array, cols: number): Float32Array {
  const sums = new Float64Array(cols * cols);
  for (let start = 0; start < inputs.length; start += cols) {
    for (let i = 0; i < cols; i++) {
      for (let j = 0; j < cols; j++) sums[i * cols + j]! += inputs[start + i]! * inputs[start + j]!;
    }
  }
  return Float32Array.from(sums);
}

export function subtract(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]!);
}

/** Share of places where both hold the same. */
export function agreement(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((count, code, i) => count + (code === b[i] ? 1 : 0), 0) / a.length;
}

/** Every grid that exists: name, symmetric or not, bits. */
export function allGrids(widths = [2, 3, 4, 8]): Grid[] {
  const both: GridName[] = ['gptq', 'compressed-tensors', 'quarot', 'awq'];
  const symmetric: GridName[] = [...both, 'smoothquant', 'owq'];
  return widths.flatMap((bits) => [
    ...symmetric.map((name) => ({ name, symmetric: true, bits })),
    ...both.map((name) => ({ name, symmetric: false, bits })),
  ]);
}

export function gridTitle({ name, symmetric, bits }: Grid): string {
  return `${name} ${symmetric ? 'sym' : 'asym'} ${bits} bits`;
}

export function channelSpec(name: GridName, symmetric: boolean, bits: number): GridSpec {
  return { grid: { name, symmetric, bits }, granularity: 'channel', groupSize: 1 };
}
