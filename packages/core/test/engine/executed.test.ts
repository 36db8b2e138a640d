import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { encodeAffine, openSubject, storeDense } from '@lowbit/core';
import type { Execution, ExecutionRecord, ModelDraft, Operator } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { Kernels } from '@lowbit/kernels';
import { encodeActOrder } from '../fixtures/act-order.js';
import { tinyIds } from '../fixtures/losses.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();

/** Float activations: the same products of the same weights, their sums in another order (measured: below 2e-6). */
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

function largestDifference(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((loss, i) => Math.abs(loss - (b[i] as number))));
}

async function compare(t: Test, options: TinyArtifactOptions) {
  const folder = t.testdir();
  const { artifact } = await makeTinyArtifact(folder, options);
  const simulated = await lossesOf(artifact, folder, 'simulated');
  const executed = await lossesOf(artifact, join(folder, 'work'), 'executed');
  return {
    largest: largestDifference(executed.losses, simulated.losses),
    simulated: simulated.record,
    executed: executed.record,
  };
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

function rootMeanSquare(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, loss, i) => sum + (loss - (b[i] as number)) ** 2, 0) / a.length);
}

for (const family of ['llama', 'gpt2', 'opt'] as const)
  t.test(`executed-int8, ${family}: float inputs are rounded to 8 bits in each block`, async (t) => {
    const folder = t.testdir({ plain: {}, rounded: {} });
    const grid = { groupSize: 32 };
    const plain = await makeTinyArtifact(join(folder, 'plain'), { family, grid });
    const edit = atInputs({ ...perToken, granularity: 'group', groupSize: 32 });
    const rounded = await makeTinyArtifact(join(folder, 'rounded'), { family, grid, edit });
    const work = join(folder, 'work');
    const simulated = await lossesOf(plain.artifact, work, 'simulated');
    const expected = await lossesOf(rounded.artifact, work, 'simulated');
    const { losses, record } = await lossesOf(plain.artifact, work, 'executed-int8');
    // The same rounding of inputs, but that the last bit of a step or a sum may move a code, and then it spreads.
    const [distance, effect] = [expected, simulated].map((each) => rootMeanSquare(losses, each.losses));
    t.ok(distance! < effect! / 2, `${distance} beside an effect of ${effect}`);
    t.ok(effect! < 0.05 && effect! > floatTolerance, 'of the size of 8 bits');
    t.equal(record.precision, 'executed-int8');
    t.ok(record.operators.MatMulNBits >= 8);
  });

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

interface IntegerCase extends TinyArtifactOptions {
  quantizer?: Operator;
  before?: (cols: number) => Operator[];
}

const integer: Record<string, IntegerCase> = {
  'llama, a row': {},
  'llama, a tensor': { grid: { granularity: 'tensor' } },
  'llama, 4-bit weights, 6-bit clipped inputs': {
    grid: { bits: 4 },
    quantizer: { ...perToken, bits: 6, clipRatio: 0.8 },
  },
  'llama, behind another operator': {
    before: (cols) => [{ kind: 'scale', factors: Float32Array.from({ length: cols }, (_, i) => 0.5 + (i % 7) / 5) }],
  },
  'opt, biases': { family: 'opt' },
  'gpt2, transposed': { family: 'gpt2' },
  qwen3: { family: 'qwen3' },
};

/**
 * The same codes times the same codes (measured: below 3e-6), until an input whose last bits differ is rounded to the other
 * side of a tie. From there on the two are two roundings of one model, apart by what rounding costs; a saturated product,
 * wrong by a tenth, is off by many times that.
 */
for (const [name, { grid, quantizer = perToken, before = () => [], ...options }] of Object.entries(integer))
  t.test(`MatMulInteger: ${name}`, async (t) => {
    const folder = t.testdir();
    const make = async (name: string, last: Operator[]): Promise<string> => {
      const edit = (draft: ModelDraft): void => {
        for (const { layers } of draft.blocks)
          for (const { linear } of layers)
            draft.setOperators(`${linear.name}.input`, [...before(linear.cols), ...last]);
      };
      const own = { edit, ...options, grid: { bits: 8, granularity: 'channel', ...grid } } as const;
      return (await makeTinyArtifact(join(folder, name), own)).artifact;
    };
    const [rounded, float] = [await make('rounded', [quantizer]), await make('float', [])];
    const simulated = await lossesOf(rounded, folder, 'simulated');
    const executed = await lossesOf(rounded, folder, 'executed');
    const unrounded = await lossesOf(float, folder, 'simulated');
    const difference = largestDifference(executed.losses, simulated.losses);
    const cost = largestDifference(unrounded.losses, simulated.losses);
    t.ok(difference < cost, `largest difference of a token ${difference}, rounding moves one by ${cost}`);
    t.match(executed.record, { precision: 'executed-int8', operators: { MatMulNBits: 0 }, simulated: [] });
  });

t.test('what no operator computes stays simulated, and the record says why', async (t) => {
  const { largest, executed } = await compare(t, {
    layerGrid: (name) => (name.includes('.q_proj') ? { groupSize: 8 } : name.includes('.0.mlp.up') ? null : undefined),
    encode: async (layer, spec) => {
      const { data, rows, cols } = await layer.weight();
      const parts = [await encodeAffine({ data, rows, cols }, spec, kernels)];
      if (layer.linear.role === 'down') parts.push(storeDense(new Float32Array(rows * cols).fill(0.001), rows, cols));
      if (layer.linear.role === 'o') parts.splice(0, 1, storeDense(data, rows, cols));
      await layer.encode(parts, { method: 'tiny' });
    },
  });
  t.ok(largest < floatTolerance, `${largest}`);
  t.match(executed, { precision: 'executed', operators: { MatMulNBits: 7, MatMulInteger: 0, Gemm: 7 } });
  const reasons = executed.simulated.map(({ reason, layers }) => `${layers.length} ${reason}`);
  t.same(reasons, [
    '2 groups of 8 columns, no blocks of a power of two from 16',
    '2 stored as dense',
    '1 not encoded',
    '2 stored as affine + dense',
  ]);
});

t.test('a quantizer with a field that is not known stays simulated', async (t) => {
  const other = { ...perToken, step: 'other' } as unknown as Operator;
  const { executed } = await compare(t, { grid: { bits: 8, granularity: 'channel' }, edit: atInputs(other) });
  t.match(executed, { precision: 'executed', operators: { MatMulInteger: 0, MatMulNBits: 14 } });
});

t.test('a checkpoint has nothing to execute', async (t) => {
  const folder = t.testdir();
  const { checkpoint } = await makeTinyArtifact(folder);
  const { record } = await lossesOf(checkpoint, folder, 'executed');
  t.same(record, {
    precision: 'simulated',
    operators: { MatMulNBits: 0, MatMulInteger: 0, Gemm: 14 },
    simulated: [],
  });
});

for (const [operator, options] of Object.entries({
  MatMulNBits: { grid: { bits: 3 } },
  MatMulInteger: { grid: { bits: 8, granularity: 'channel' }, edit: atInputs(perToken) },
} satisfies Record<string, TinyArtifactOptions>))
  t.test(`a byte of the codes that is wrong fails the check: ${operator}`, async (t) => {
    const folder = t.testdir();
    const { artifact } = await makeTinyArtifact(folder, options);
    let calls = 0;
    const spoil = async (bytes: Promise<Uint8Array>): Promise<Uint8Array> => {
      const wrong = (await bytes).slice();
      if (calls++ === 0) wrong[5] = (wrong[5] as number) ^ 0x55;
      return wrong;
    };
    // Codes are laid out before any are decoded: by pack for MatMulNBits, from the first unpack for MatMulInteger.
    const spoiled: Kernels = Object.create(kernels, {
      pack: { value: (...args: Parameters<Kernels['pack']>) => spoil(kernels.pack(...args)) },
      unpack: {
        value: (...args: Parameters<Kernels['unpack']>) =>
          operator === 'MatMulInteger' ? spoil(kernels.unpack(...args)) : kernels.unpack(...args),
      },
    });
    const device = { name: 'cpu', threads: 1 };
    const opened = openSubject(artifact, { kernels: spoiled, device, workFolder: folder, execution: 'executed' });
    await t.rejects(opened, {
      code: 'EXECUTION_MISMATCH',
      message: new RegExp(`Expected ${operator} .*q_proj within 0.0001, got a relative difference of 0\\.`),
    });
    t.same((await readdir(folder)).sort(), ['artifact', 'model'], 'its file is gone');
  });
