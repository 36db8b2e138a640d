import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readRun } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { callLowbit } from '../../packages/cli/test/call-lowbit.js';
import { shrink } from './magr.js';

t.setTimeout(240_000);

const kernels = await loadKernels();
const [rows, cols] = [6, 16];

/** Uniform in -1 .. 1, the same each time. */
function makeNumbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 31 - 1;
  });
}

const weight = { rows, cols, data: makeNumbers(rows * cols, 1) };
const hessian = new Float32Array(cols * cols);
await kernels.addSecondMoment(hessian, makeNumbers(40 * cols, 2), 40, cols);

const rowOf = (values: ArrayLike<number>, row: number): number[] =>
  Array.from(values).slice(row * cols, (row + 1) * cols);
const largestOf = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

/** (W - W0) H / its largest eigenvalue, without the method's own code. */
function gradientOf(found: Float32Array, row: number): number[] {
  let vector: number[] = Array.from({ length: cols }, () => 1);
  let norm = 1;
  const multiply = (x: readonly number[]): number[] =>
    x.map((_, i) => x.reduce((sum, value, j) => sum + value * (hessian[i * cols + j] ?? NaN), 0));
  for (let sweep = 0; sweep < 1000; sweep++) {
    vector = multiply(vector);
    norm = Math.hypot(...vector);
    vector = vector.map((x) => x / norm);
  }
  const start = rowOf(weight.data, row);
  return multiply(rowOf(found, row).map((w, i) => w - (start[i] ?? NaN))).map((x) => x / norm);
}

// What makes a point the minimum of a convex problem, of which the method's steps know nothing: the gradient presses only
// on the largest weights, inwards, and with alpha in sum.
t.test('the rows satisfy the conditions of a minimum', async (t) => {
  const alpha = 0.05;
  const found = await shrink(weight, hessian, { alpha, iterations: 5000 }, kernels);
  for (let row = 0; row < rows; row++) {
    const values = rowOf(found, row);
    const gradient = gradientOf(found, row);
    const largest = largestOf(values);
    t.ok(largest < largestOf(rowOf(weight.data, row)), 'the largest weight became smaller');
    // float32 steps: the gradient is exact to some 1e-6.
    t.ok(Math.abs(gradient.reduce((sum, g) => sum + Math.abs(g), 0) - alpha) < 1e-5, 'alpha in sum');
    for (const [i, value] of values.entries()) {
      const g = gradient[i] ?? NaN;
      if (largest - Math.abs(value) > 1e-5) t.ok(Math.abs(g) < 1e-5, 'free below the largest');
      else t.ok(g * Math.sign(value) < 1e-5, 'pressed inwards at the largest');
    }
  }
});

t.test('a price of nothing changes nothing, and a high one leaves nothing', async (t) => {
  const same = await shrink(weight, hessian, { alpha: 1e-12, iterations: 50 }, kernels);
  t.ok(largestOf(Array.from(same, (w, i) => w - (weight.data[i] ?? NaN))) < 1e-6);
  const zero = await shrink(weight, hessian, { alpha: 1e3, iterations: 50 }, kernels);
  t.equal(largestOf(Array.from(zero)), 0);
});

t.test('with groups each has a largest weight of its own', async (t) => {
  const found = await shrink(weight, hessian, { alpha: 0.02, iterations: 200, groupSize: 5 }, kernels);
  for (let row = 0; row < rows; row++)
    for (const first of [0, 5, 10, 15]) {
      const cut = (values: ArrayLike<number>): number[] => rowOf(values, row).slice(first, first + 5);
      t.ok(largestOf(cut(found)) < largestOf(cut(weight.data)) + 1e-6);
    }
});

t.test('the experiment: it costs next to nothing alone, and spares a good part of what 3 bits cost', async (t) => {
  const folder = t.testdir();
  const experiment = fileURLToPath(new URL('experiment.json', import.meta.url));
  const ended = await callLowbit(t, ['run', experiment, '-o', folder]);
  t.equal(ended.status, 0, ended.stderr);
  const { cells } = await readRun(folder);
  const costOf = (name: string): number => {
    const [float = NaN, value = NaN] = ['float', name].map(
      (recipe) =>
        cells.find((cell) => cell.recipe === recipe)?.rows.find(({ metric }) => metric === 'perplexity')?.value,
    );
    return Math.log(value / float);
  };
  t.ok(costOf('magr') < 0.01);
  t.ok(costOf('magr-rtn-w3') < 0.9 * costOf('rtn-w3'));
  t.ok(costOf('magr-gptq-w3') < 0.9 * costOf('gptq-w3'));
});
