// Seconds to quantize SmolLM2 (32 x 512 tokens) by each method beside llm-compressor: in the same run where it is installed
// and asked for (LOWBIT_BENCH_PEERS=gptq,awq,...; default gptq), and its recorded times; with the arithmetic floor of each.
import { readFileSync } from 'node:fs';
import { inspectSubject } from '@lowbit/core';
import { findPeersPython } from '../../../scripts/peers/find-python.mjs';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { measureProductRate } from '../../../scripts/peers/product-rate.mjs';
import { calibration, checkpoint, golden, kernels, median, quantize, threads } from './quantize.mjs';

const int = { type: 'int', symmetric: true, strategy: 'channel', num_bits: 8 };
const group = { type: 'int', symmetric: true, strategy: 'group', num_bits: 4, group_size: 64 };
/** `passes`: forwards through a block, the candidates of a search included; `moments`: whether it sums x xt. */
const methods = [
  {
    name: 'rtn',
    recipe: 'rtn(bits=4,groupSize=64)',
    peer: { method: 'rtn', weights: group },
    passes: 0,
    moments: false,
  },
  {
    name: 'gptq',
    recipe: 'gptq(bits=4,groupSize=64)',
    peer: { method: 'gptq', weights: group },
    recorded: /^gptq-w\d-g64-sym$/,
    passes: 2,
    moments: true,
  },
  {
    name: 'awq',
    recipe: 'awq(bits=4,groupSize=64,grid=compressed-tensors,duo=true,clipSearch=false,search=halving)',
    peer: { method: 'awq', weights: { ...group, symmetric: false } },
    recorded: /^awq-w4-g64-asym$/,
    // Statistics, with the next block's states and the modules' outputs; then the candidates, on sixteenths of the tokens: all
    // on the first, ten on the second, five on the next two, three on the next four, two on the rest if neither falls behind.
    passes: 1 + (20 + 10 + 5 * 2 + 3 * 4 + 2 * 8) / 16,
    moments: true,
  },
  {
    name: 'smoothquant',
    recipe: 'smoothquant(alpha=0.8)+rtn(bits=8,grid=smoothquant)+activations(bits=8)',
    peer: { method: 'smoothquant', weights: int, activations: { ...int, strategy: 'token', dynamic: true } },
    passes: 2,
    moments: false,
  },
];

const pairs = Number(process.env.LOWBIT_BENCH_PAIRS ?? 1);
const wanted = (process.env.LOWBIT_BENCH_METHODS ?? methods.map(({ name }) => name).join(',')).split(',');
const live = (process.env.LOWBIT_BENCH_PEERS ?? 'gptq').split(',');
const { rows } = JSON.parse(readFileSync(`${golden}/perplexity.json`, 'utf8'));
const { decoder } = await inspectSubject(checkpoint, kernels);
const rate = await measureProductRate(threads);
const python = findPeersPython();
const peer =
  python && (await startPeer(python, 'scripts/peers/llm-compressor-worker.py', [checkpoint, String(threads)]));
console.log(
  `SmolLM2, ${calibration.length} x ${calibration[0].length} tokens, ${kernels.implementation} kernels, ${kernels.instructionSet}, ${threads} threads, products at ${rate.toFixed(0)} GFLOP/s`,
);
if (!peer) console.log('llm-compressor is not installed (npm run test:peers installs it): recorded times alone');

for (const { name, recipe, recorded, peer: settings, ...work } of methods) {
  if (!wanted.includes(name)) continue;
  const [ours, theirs] = [[], []];
  for (let pair = 0; pair < pairs; pair++) {
    ours.push(await quantize([recipe]));
    if (peer && live.includes(name))
      theirs.push((await peer.ask({ ...settings, calibration, windows: [], moments: false })).seconds);
  }
  const seconds = median(ours);
  const floor = floorFlops(work) / (rate * 1e9);
  console.log(`${recipe}: ${seconds.toFixed(1)} s; floor ${floor.toFixed(1)} s`);
  if (theirs.length > 0)
    console.log(
      `  llm-compressor in the same run: ${median(theirs).toFixed(1)} s, ratio ${median(theirs.map((each, i) => each / ours[i])).toFixed(2)}`,
    );
  for (const { recipe: row, source, seconds: theirs } of rows)
    if (recorded?.test(row) && source.startsWith('llm-compressor'))
      console.log(
        `  llm-compressor ${row}, recorded on two AVX2 cores: ${theirs} s, ratio ${(theirs / seconds).toFixed(2)}`,
      );
}
peer?.close();

/** Forwards through all blocks; for moments one X^T X a distinct input (half of it, by symmetry) and a column loop. */
function floorFlops({ passes, moments }) {
  const tokens = calibration.flat().length;
  let flops = 0;
  for (const { attention, mlp } of decoder.blocks) {
    const linears = [...attention.inputs, attention.output, ...mlp.inputs, mlp.down];
    const weights = linears.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    const scores = 2 * 2 * tokens * calibration[0].length * attention.heads * attention.headDim;
    flops += passes * (2 * tokens * weights + scores);
    // The pass for the statistics ends at down_proj's input.
    if (passes > 0) flops -= 2 * tokens * mlp.down.rows * mlp.down.cols;
    if (!moments) continue;
    const inputs = [decoder.hiddenSize, attention.output.cols, decoder.hiddenSize, mlp.down.cols];
    flops += inputs.reduce((sum, cols) => sum + tokens * cols * cols, 0);
    flops += linears.reduce((sum, { rows, cols }) => sum + rows * cols * cols + (4 / 3) * cols ** 3, 0);
  }
  return flops;
}
