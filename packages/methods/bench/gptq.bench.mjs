// Seconds to quantize SmolLM2 by GPTQ (4 bits, groups of 64, 32 x 512 tokens) beside llm-compressor, where it is installed
// in the same run, and beside its recorded times; and the floor that the arithmetic sets on this machine.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectSubject, makeArtifacts, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';
import { findPeersPython } from '../../../scripts/peers/find-python.mjs';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { measureProductRate } from '../../../scripts/peers/product-rate.mjs';

const checkpoint = process.env.LOWBIT_SMOLLM2 ?? join(homedir(), '.cache/lowbit/models/SmolLM2-135M-Instruct');
const golden = '../shared/reference/golden';
const sequences = JSON.parse(readFileSync(`${golden}/calibration.json`, 'utf8')).map((ids) => Int32Array.from(ids));
const { rows } = JSON.parse(readFileSync(`${golden}/perplexity.json`, 'utf8'));
const recorded = rows.filter(
  ({ recipe, source }) => /^gptq-w\d-g64-sym$/.test(recipe) && source.startsWith('llm-compressor'),
);
const threads = availableParallelism();
const pairs = Number(process.env.LOWBIT_BENCH_PAIRS ?? 1); // a pair takes four minutes
const kernels = await loadKernels();
const registry = new Registry();
registry.add({ methods, presets });

const python = findPeersPython();
const worker = 'scripts/peers/llm-compressor-worker.py';
const peer = python && (await startPeer(python, worker, [checkpoint, String(threads)]));
const request = { bits: 4, groupSize: 64, actOrder: null, calibration: sequences.map((ids) => [...ids]), windows: [] };
const [ours, theirs] = [[], []];
for (let pair = 0; pair < pairs; pair++) {
  ours.push(await quantize());
  if (peer) theirs.push((await peer.ask(request)).seconds);
}
peer?.close();
const seconds = median(ours);

const { decoder } = await inspectSubject(checkpoint, kernels);
const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
const floor = await floorSeconds(decoder, tokens, sequences[0].length);
console.log(
  `gptq(bits=4,groupSize=64), ${sequences.length} x ${sequences[0].length} tokens: ${seconds.toFixed(1)} s (${kernels.implementation} kernels, ${kernels.instructionSet}, ${threads} threads)`,
);
console.log(`floor at this machine's product rate (${floor.rate.toFixed(0)} GFLOP/s): ${floor.seconds.toFixed(1)} s`);
if (peer) {
  const ratio = median(theirs.map((each, i) => each / ours[i]));
  console.log(`llm-compressor in the same run: ${median(theirs).toFixed(1)} s, ratio ${ratio.toFixed(2)}`);
} else console.log('llm-compressor is not installed (npm run test:peers installs it): recorded times alone');
for (const { recipe, seconds: theirs } of recorded)
  console.log(
    `llm-compressor ${recipe}, recorded on two AVX2 cores: ${theirs} s, ratio ${(theirs / seconds).toFixed(2)}`,
  );

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function quantize() {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-bench-'));
  const start = performance.now();
  const outcome = await makeArtifacts({
    checkpoint,
    recipes: [{ recipe: resolveRecipe('gptq(bits=4,groupSize=64)', registry), folder: join(folder, 'artifact') }],
    calibration: {
      sequences,
      record: { source: 'golden', samples: 32, sequenceLength: 512, tokens: 16384, seed: undefined, tokenSha256: '' },
    },
    kernels,
    device: { name: 'cpu', threads },
    workFolder: folder,
  });
  for (const error of outcome.values()) if (error) throw error;
  rmSync(folder, { recursive: true });
  return (performance.now() - start) / 1000;
}

/** Two forwards (the first without down_proj), one X^T X a distinct input (half of it, by symmetry), the column loop. */
async function floorSeconds({ blocks, hiddenSize }, tokens, length) {
  let flops = 0;
  for (const { attention, mlp } of blocks) {
    const linears = [...attention.inputs, attention.output, ...mlp.inputs, mlp.down];
    const weights = linears.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    const scores = 2 * 2 * tokens * length * attention.heads * attention.headDim;
    const forward = 2 * tokens * weights + scores;
    const moments = [hiddenSize, attention.output.cols, hiddenSize, mlp.down.cols].reduce(
      (sum, cols) => sum + tokens * cols * cols,
      0,
    );
    const loop = linears.reduce((sum, { rows, cols }) => sum + rows * cols * cols + (4 / 3) * cols ** 3, 0);
    flops += 2 * forward - 2 * tokens * mlp.down.rows * mlp.down.cols + moments + loop;
  }
  const rate = await measureProductRate(threads);
  return { rate, seconds: flops / (rate * 1e9) };
}
