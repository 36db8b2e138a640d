import type { Codes, GptqResult, Kernels, Matrix } from '@lowbit/kernels';
import { decodeAffine, defineMethod, storeAffine, z } from '@lowbit/core';
import type { AffineSpec, BlockDraft, EncodeRecord, LayerDraft, MethodContext } from '@lowbit/core';
import { chosenEnds, endOptions } from './end-options.js';
import { affineSpec, gridOptionNames, gridOptions, planGrids } from './grid-options.js';
import { roundLayers } from './round-layers.js';

/**
 * GPTQ (arXiv:2210.17323, Algorithm 1): columns from left to right, each column's rounding error pushed onto the columns
 * not yet rounded through the inverse of the inputs' second moment. The column loop is a kernel.
 */
export const gptq = defineMethod({
  name: 'gptq',
  version: '1',
  description: 'column-by-column rounding with second-order error feedback',
  source: 'arXiv:2210.17323; IST-DASLab/gptq 2d65066',
  options: z.object({
    ...gridOptions,
    blockSize: z.int().min(1).default(128).describe('columns updated before error is pushed on'),
    dampPercent: z.number().positive().max(1).default(0.01).describe('share of the mean Hessian diagonal added to it'),
    actOrder: z
      .enum(['off', 'static', 'group', 'group-aware'])
      .default('off')
      .describe(
        'columns by falling Hessian diagonal; static: groups keep their place; group: groups form over the new order; ' +
          'group-aware: whole groups, and columns within them',
      ),
    groupScales: z
      .enum(['static', 'dynamic', 'fresh'])
      .default('static')
      .describe(
        'group grids from the original weights, refitted as the reference does, or refitted on up-to-date columns',
      ),
    trueSequential: z.boolean().default(false).describe('{q,k,v}, {o}, {gate,up}, {down} one after the other'),
    inputs: z.enum(['float', 'quantized']).default('quantized').describe('which activations feed the Hessian'),
    ...endOptions,
  }),
  layerOptions: [...gridOptionNames, 'blockSize', 'dampPercent', 'actOrder', 'groupScales'],
  ends: chosenEnds,
  acts: 'weights',
  bits: ({ bits }) => bits,
  plan: (_, { layers }) => ({
    grids: planGrids(layers).map(([linear, grid]) => {
      const groupIndex = layers.get(linear)?.actOrder === 'group' && linear.role !== 'embedding';
      return [linear, { ...grid, groupIndex }] as const;
    }),
  }),
  needs: ({ inputs }) => ({ statistics: ['hessian'], inputs }),
  // What an embedding reads is one-hot, so the second moment is diagonal: there GPTQ is round to nearest.
  prepare: ({ embedding }, context) => roundLayers('gptq', embedding ? [embedding] : [], context),
  async block(block, context) {
    for (const layers of context.options.trueSequential ? block.stages : [block.layers])
      await encodeLayers(layers, block, context);
  },
  async finish(draft, context) {
    if (draft.head) await encodeLayers([draft.head], draft, context);
  },
});

type Options = z.output<(typeof gptq)['options']>;

/** Together: the factorisation of one small layer does not fill the cores. */
async function encodeLayers(
  layers: readonly LayerDraft[],
  source: Pick<BlockDraft, 'statistics'>,
  { optionsFor, kernels }: MethodContext<Options>,
): Promise<void> {
  const statistics = await source.statistics(layers, ['hessian']);
  const found = await Promise.all(
    layers.map(async (layer) => {
      const options = optionsFor(layer);
      const spec = affineSpec(options, layer.linear);
      const weight = await layer.weight();
      const hessian = statistics.get(layer)?.hessian as Float32Array;
      const result = await kernels.gptq(weight, hessian, { ...options, spec });
      const part = await storeAffine(result, weight, spec, kernels);
      return { part, record: await compare(weight, hessian, result, spec, kernels) };
    }),
  );
  for (const [i, layer] of layers.entries()) {
    const { part, record } = found[i] as (typeof found)[number];
    await layer.encode([part], record);
  }
}

/** The layer's error beside round-to-nearest's on the same grid, both as tr(D H Dt) with H = sum of x xt. */
async function compare(
  weight: Matrix,
  hessian: Float32Array,
  found: GptqResult,
  spec: AffineSpec,
  kernels: Kernels,
): Promise<EncodeRecord> {
  const { cols, data } = weight;
  const errorOf = async (codes: Codes): Promise<number> => {
    const decoded = await decodeAffine(codes, weight, spec, kernels);
    // A plain loop: a closure a weight takes longer than the products.
    for (let i = 0; i < decoded.length; i++) decoded[i] = (data[i] as number) - (decoded[i] as number);
    return kernels.quadraticError({ ...weight, data: decoded }, hessian);
  };
  const parameters = await kernels.fitGrid(weight, spec);
  const rounded = { codes: await kernels.encode(weight, spec, parameters), parameters };
  const squaredOutputError = await errorOf(found);
  return {
    method: 'gptq',
    squaredOutputError,
    rtnSquaredOutputError: await errorOf(rounded),
    outputError: Math.sqrt(squaredOutputError / (await kernels.quadraticError(weight, hessian))),
    hessianTrace: trace(hessian, cols),
    ...(found.retries > 0 ? { fallback: `damping raised to ${found.dampPercent}` } : {}),
    notes: { dampPercent: found.dampPercent, deadColumns: found.deadColumns },
  };
}

function trace(matrix: Float32Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += matrix[i * size + i] as number;
  return sum;
}
