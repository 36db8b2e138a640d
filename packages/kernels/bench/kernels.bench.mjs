// Rates of the kernels that dominate GPTQ, in GFLOP/s of the operations that are needed (a symmetric product counts
// once). Run after a build: node packages/kernels/bench/kernels.bench.mjs [instruction set]
import { availableParallelism } from 'node:os';
import { hadamardFactors, loadKernels, randomOrthogonal } from '@lowbit/kernels';

const TOKENS = 4096;
const kernels = await loadKernels({ implementation: 'native', instructionSet: process.argv[2] });

/** Seeded, so that every run does the same. */
function randomArray(length, seed) {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    values[i] = seed / 2 ** 31;
  }
  return values;
}

/** The median of the times after one warm-up, in seconds. */
async function time(work, repeats = 7) {
  const seconds = [];
  for (let i = 0; i <= repeats; i++) {
    const start = performance.now();
    await work();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1).sort((a, b) => a - b)[repeats >> 1];
}

function report(name, seconds, operations) {
  const rate = operations ? `${(operations / seconds / 1e9).toFixed(1).padStart(8)} GFLOP/s` : '';
  console.log(`${name.padEnd(44)}${(seconds * 1000).toFixed(2).padStart(10)} ms${rate}`);
}

console.log(`native kernels, ${kernels.instructionSet}, ${availableParallelism()} threads`);

const moments = new Map();
for (const cols of [576, 1536]) {
  const inputs = randomArray(TOKENS * cols, cols);
  for (const tokens of [512, TOKENS]) {
    const moment = new Float32Array(cols * cols);
    const part = inputs.subarray(0, tokens * cols);
    const seconds = await time(() => kernels.addSecondMoment(moment, part, tokens, cols));
    report(`addSecondMoment ${tokens} x ${cols}`, seconds, tokens * cols * (cols + 1));
  }
  const moment = new Float32Array(cols * cols);
  await kernels.addSecondMoment(moment, inputs, TOKENS, cols);
  moments.set(cols, moment);
  const seconds = await time(() => kernels.inverseFactor(moment, cols, 0.01));
  report(`inverseFactor ${cols}`, seconds, (2 / 3) * cols ** 3);
}

const grid = { name: 'gptq', symmetric: false, bits: 4 };
const clip = { norm: 2.4, steps: 100, maxShrink: 0.8 };
for (const [rows, cols] of [
  [1536, 576],
  [576, 1536],
]) {
  const weight = { data: randomArray(rows * cols, 7), rows, cols };
  const moment = moments.get(cols);
  const spec = { grid, granularity: 'group', groupSize: 64 };
  const options = { spec, blockSize: 128, dampPercent: 0.01, actOrder: 'off', groupScales: 'static' };
  const shape = `${rows} x ${cols}`;
  report(`fitGrid ${shape}`, await time(() => kernels.fitGrid(weight, spec)));
  report(`fitGrid ${shape}, clip search`, await time(() => kernels.fitGrid(weight, { ...spec, clip }), 3));
  const parameters = await kernels.fitGrid(weight, spec);
  report(`encode ${shape}`, await time(() => kernels.encode(weight, spec, parameters)));
  for (const groupScales of ['static', 'dynamic', 'fresh']) {
    const seconds = await time(() => kernels.gptq(weight, moment, { ...options, groupScales }));
    report(`gptq ${shape}, ${groupScales} scales, with factor`, seconds, rows * cols ** 2 + (2 / 3) * cols ** 3);
  }
  report(
    `quadraticError ${shape} (float64)`,
    await time(() => kernels.quadraticError(weight, moment)),
    rows * cols ** 2,
  );
}

const dense = [{ size: 576, matrix: randomOrthogonal(576, 1) }];
for (const [factors, others] of [
  [hadamardFactors(4096), 4096],
  [hadamardFactors(1536), 576],
  [dense, 1536],
]) {
  const sizes = factors.map(({ size }) => size);
  const length = sizes.reduce((product, size) => product * size, others);
  const values = randomArray(length, 9);
  const operations = 2 * length * sizes.reduce((sum, size) => sum + size, 0);
  for (const [side, outer, inner] of [
    ['inputs', others, 1],
    ['outputs', 1, others],
  ]) {
    const seconds = await time(() => kernels.rotate(values, outer, factors, inner));
    report(`rotate ${others} times ${sizes.join(' x ')}, ${side} (float64)`, seconds, operations);
  }
}
