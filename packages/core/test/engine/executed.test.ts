import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { openSubject } from '@lowbit/core';
import type { Execution, ExecutionRecord, ModelDraft, Operator } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { encodeActOrder } from '../fixtures/act-order.js';
import { tinyIds } from '../fixtures/losses.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();

/** Float activations: the same products of the same weights, their sums in another order (measured: below 4e-6). */
const floatTolerance = 1e-4;

async function lossesOf(
  path: string,
  workFolder: string,
  execution: Execution,
): Promise<{ losses: Float32Array; record: ExecutionRecord }> {
  const device = { name: 'cpu', threads: 1 };
  const subject = await openSubject(path, { kernels, device, workFolder, execution, maxLength: 64 });
  const [losses] = await subject.scorer.scoreSequences([tinyIds]);
  await subject.release();
  return { losses: losses as Float32Array, record: subject.execution };
}

async function compare(t: Test, options: TinyArtifactOptions) {
  const folder = t.testdir();
  const { artifact } = await makeTinyArtifact(folder, options);
  const simulated = await lossesOf(artifact, folder, 'simulated');
  const executed = await lossesOf(artifact, join(folder, 'work'), 'executed');
  const differences = executed.losses.map((loss, i) => Math.abs(loss - (simulated.losses[i] as number)));
  return { largest: Math.max(...differences), simulated: simulated.record, executed: executed.record };
}

const perToken: Operator = { kind: 'quantize', bits: 8, symmetric: true, granularity: 'token', clipRatio: 1 };

/** These operators at the inputs of all linears, in place of what the draft has. */
const atInputs =
  (...operators: Operator[]) =>
  (draft: ModelDraft): void => {
    for (const { layers } of draft.blocks)
      for (const { linear } of layers) draft.setOperators(`${linear.name}.input`, operators);
  };

const nBits: Record<string, TinyArtifactOptions> = {
  'llama, 4 bits': {},
  'llama, 4 bits with zero points': { grid: { symmetric: false } },
  'llama, 2 bits': { grid: { bits: 2, groupSize: 16 } },
  'llama, 3 bits': { grid: { bits: 3 } },
  'llama, 3 bits with zero points': { grid: { bits: 3, symmetric: false, groupSize: 16 } },
  'llama, 5 bits': { grid: { bits: 5 } },
  'llama, 6 bits with zero points, a row': { grid: { bits: 6, symmetric: false, granularity: 'channel' } },
  'llama, 8 bits': { grid: { bits: 8, scaleType: 'bfloat16' } },
  'llama, 8 bits, a row': { grid: { bits: 8, granularity: 'channel' } },
  'llama, 4 bits, a tensor': { grid: { granularity: 'tensor', symmetric: false } },
  'llama, a short last group': { config: { intermediate_size: 168 }, grid: { groupSize: 48, symmetric: false } },
  'llama, rows of no whole blocks': { config: { intermediate_size: 150 }, grid: { granularity: 'channel' } },
  'llama, act-order groups': { encode: encodeActOrder, grid: { groupSize: 16, symmetric: false } },
  'opt, biases': { family: 'opt', grid: { symmetric: false } },
  'opt-350m': { family: 'opt-350m' },
  'gpt2, transposed': { family: 'gpt2', grid: { bits: 3 } },
  'gpt2, transposed, 8 bits, a row': { family: 'gpt2', grid: { bits: 8, granularity: 'channel' } },
  'qwen2, biases and a tied head': { family: 'qwen2' },
  qwen3: { family: 'qwen3' },
  'mistral, a window': { family: 'mistral' },
  'a quantizer of groups in front': { edit: atInputs({ ...perToken, granularity: 'group', groupSize: 32 }) },
  'a static quantizer in front': {
    grid: { bits: 8, granularity: 'channel' },
    edit: atInputs({ ...perToken, granularity: 'tensor', range: { low: -3, high: 3 } }),
  },
  'an asymmetric quantizer in front': {
    grid: { bits: 8, granularity: 'channel' },
    edit: atInputs({ ...perToken, symmetric: false }),
  },
};

for (const [name, options] of Object.entries(nBits))
  t.test(`MatMulNBits: ${name}`, async (t) => {
    const { largest, simulated, executed } = await compare(t, options);
    t.ok(largest < floatTolerance, `largest difference of a token ${largest}`);
    const { MatMulNBits, MatMulInteger, Gemm } = executed.operators;
    t.same([MatMulInteger, MatMulNBits + Gemm], [0, simulated.operators.Gemm]);
    t.ok(MatMulNBits >= 8);
    // The projections of opt-350m's embedding stay as they came.
    for (const { reason, layers } of executed.simulated)
      t.match([reason, layers.length], ['not encoded', options.family === 'opt-350m' ? 2 : -1]);
    t.same([simulated.precision, executed.precision], ['simulated', 'executed']);
  });
