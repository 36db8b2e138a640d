// Tokens per second of scoring SmolLM2, alternating with torch and llama.cpp in float32 in the same run; medians of the
// pairs' ratios. llama.cpp's perplexity tool scores the second half of each window, so it stands beside ours doing the same.
import { readFileSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSubject } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { findPeersPython } from '../../../scripts/peers/find-python.mjs';
import { findLlama, llamaTokensPerSecond } from '../../../scripts/peers/find-llama.mjs';
import { measureProductRate } from '../../../scripts/peers/product-rate.mjs';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';

const checkpoint = process.env.LOWBIT_SMOLLM2 ?? join(homedir(), '.cache/lowbit/models/SmolLM2-135M-Instruct');
const calibration = JSON.parse(readFileSync('../shared/reference/golden/calibration.json', 'utf8')).flat();
const threads = availableParallelism();
const pairs = 5;
const batchTokens = 2048;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const show = (values) =>
  `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`;

const productRate = await measureProductRate(threads);
console.log(`products: ${productRate.toFixed(0)} GFLOP/s on ${threads} threads`);

const subject = await openSubject(checkpoint, {
  kernels: await loadKernels(),
  device: { name: 'cpu', threads },
  workFolder: tmpdir(),
  maxLength: 2048,
});
const python = findPeersPython();
const peer = python && (await startPeer(python, 'scripts/peers/torch-worker.py', [checkpoint, String(threads)]));
if (!peer) console.log('torch is not installed; `npm run test:peers` installs it');
const llama = findLlama();
if (!llama) console.log('llama.cpp is not installed; `node scripts/prepare-llama.mjs` builds it');
const text = '../shared/data/wikitext2/wiki.test.raw';

for (const window of [2048, 512, 64]) {
  const rates = { ours: [], torch: [], halves: [], 'llama.cpp': [] };
  for (let pair = 0; pair <= pairs; pair++) {
    const from = (pair * batchTokens) % calibration.length;
    const ids = Array.from({ length: batchTokens / window }, (_, i) =>
      calibration.slice(from + i * window, from + (i + 1) * window),
    );
    const sequences = ids.map((each) => Int32Array.from(each));
    const rate = async (from) => {
      const start = performance.now();
      await subject.scorer.scoreSequences(sequences, undefined, { scoredFrom: sequences.map(() => from) });
      return (batchTokens * 1000) / (performance.now() - start);
    };
    const pairRates = { ours: await rate(1) };
    if (llama) pairRates.halves = await rate(window / 2);
    if (peer) pairRates.torch = batchTokens / (await peer.ask({ ids })).seconds;
    if (llama)
      pairRates['llama.cpp'] = llamaTokensPerSecond(llama, { text, window, chunks: batchTokens / window, threads });
    if (pair === 0) continue; // the first of a session allocates
    for (const [name, rate] of Object.entries(pairRates)) rates[name].push(rate);
  }
  const lines = [
    ['ours', 'torch'],
    ['halves', 'llama.cpp'],
  ].map(([own, name]) => {
    if (rates[name].length === 0) return `${show(rates.ours)} tokens/s`;
    const ratio = median(rates[own].map((r, i) => r / rates[name][i])).toFixed(2);
    return `${show(rates[own])} tokens/s, ${name} ${show(rates[name])}, ratio ${ratio}`;
  });
  console.log(`window ${String(window).padStart(4)}: ${lines.join('; second halves: ')}`);
}
await subject.release();
peer?.close();
