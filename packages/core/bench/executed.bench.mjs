// One 4096 x 4096 layer by the operators that execute codes, beside onnxruntime's float32 Gemm in the same rounds:
// prefill of 512 tokens and decode of one. Target: at 4 bits decode at least 5 times as fast as Gemm.
// Usage: node packages/core/bench/executed.bench.mjs [width] [rounds]
import { availableParallelism } from 'node:os';
import { measureIntegerErrors, measureProducts } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';

const [width = 4096, rounds = 9] = process.argv.slice(2).map(Number);
const target = 5;
const device = { name: 'cpu', threads: availableParallelism() };
const kernels = await loadKernels();
const products = await measureProducts({ width, tokens: 512, rounds, nBits: [2, 4, 8], kernels, device });

for (const { operator, bits, activations, prefill, decode, prefillRatio, decodeRatio } of products) {
  const isTarget = operator === 'MatMulNBits' && bits === 4;
  const verdict = isTarget ? `   target ${target}: ${decodeRatio >= target ? 'met' : 'missed'}` : '';
  console.log(
    `${operator.padEnd(13)} ${String(bits).padStart(2)} bits, ${activations.padEnd(7)} activations: prefill ${prefill.toFixed(1)} ms, ratio ${prefillRatio.toFixed(2)}; ` +
      `decode ${decode.toFixed(2)} ms, ratio ${decodeRatio.toFixed(2)}${verdict}`,
  );
}
const { unsignedWeights, signedWeights } = await measureIntegerErrors(device);
console.log(`relative error of integer sums: uint8 weights ${unsignedWeights}, int8 weights ${signedWeights}`);
