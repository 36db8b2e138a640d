import { LowbitError, z } from '@lowbit/core';
import type { AffineSpec, Linear, PlannedGrid } from '@lowbit/core';

/** Options of every method that ends in an affine integer grid. */
export const gridOptions = {
  bits: z.int().min(2).max(8).default(4).describe('width of a code'),
  groupSize: z.int().min(1).optional().describe('input columns sharing a scale; absent: granularity decides'),
  granularity: z
    .enum(['tensor', 'channel', 'group'])
    .optional()
    .describe('what shares a scale; group when groupSize is given, else channel'),
  symmetric: z.boolean().default(true).describe('zero maps to a fixed middle code'),
  grid: z
    .enum(['gptq', 'compressed-tensors', 'quarot', 'awq', 'smoothquant', 'owq'])
    .default('compressed-tensors')
    .describe('whose rules for step, zero and clamping'),
  clip: z.enum(['off', 'mse']).default('off').describe('search the range that rounds best'),
  clipNorm: z.number().positive().max(6).default(2.4).describe('exponent of the clip search'),
  clipSteps: z.int().min(1).default(100).describe('candidates in the full range of the clip search'),
  clipMaxShrink: z.number().positive().max(1).default(0.8).describe('share of the range the clip search may take away'),
  remainder: z
    .enum(['refuse', 'short'])
    .default('refuse')
    .describe('columns that groupSize does not divide: an error, or a shorter last group'),
  scaleType: z
    .enum(['float32', 'float16', 'bfloat16'])
    .default('float32')
    .describe('what scales are rounded to and stored in'),
  weightType: z
    .enum(['float32', 'float16', 'bfloat16'])
    .default('float32')
    .describe('what decoded weights are rounded to, as a model in that type holds them'),
};

/** Layers may differ in all of them. */
export const gridOptionNames = Object.keys(gridOptions) as (keyof typeof gridOptions)[];

export type GridOptions = z.output<z.ZodObject<typeof gridOptions>>;

/**
 * What methods that end in a grid plan: each layer on its own. Throws METHOD_OPTION for options of which one would be passed
 * over, SPEC_GROUP_SIZE as `affineSpec`. `sizeByDefault`: a groupSize need not have been given.
 */
export function planGrids<Options extends GridOptions>(
  layers: ReadonlyMap<Linear, Options>,
  { sizeByDefault = false } = {},
): [Linear, PlannedGrid][] {
  return [...layers].map(([linear, options]) => {
    const { granularity = 'group', groupSize, grid, symmetric } = options;
    if (!sizeByDefault && groupSize !== undefined && granularity !== 'group')
      throw new LowbitError(
        'METHOD_OPTION',
        `Expected no groupSize beside granularity=${granularity}, got ${groupSize}; leave one of them out.`,
      );
    if (!symmetric && (grid === 'smoothquant' || grid === 'owq'))
      throw new LowbitError(
        'METHOD_OPTION',
        `Expected symmetric=true beside grid=${grid}, which has no zero points, got symmetric=false; choose another grid.`,
      );
    return [linear, affineSpec(options, linear)];
  });
}

/** The grid of one layer. Throws SPEC_GROUP_SIZE where the group size does not fit the columns. */
export function affineSpec(options: GridOptions, layer: { name: string; cols: number }): AffineSpec {
  const { bits, symmetric, grid, clip, clipNorm, clipSteps, clipMaxShrink, scaleType, weightType } = options;
  const granularity = options.granularity ?? (options.groupSize === undefined ? 'channel' : 'group');
  const groupSize = granularity === 'group' ? Math.min(options.groupSize ?? 128, layer.cols) : layer.cols;
  if (granularity === 'group' && layer.cols % groupSize !== 0 && options.remainder === 'refuse')
    throw new LowbitError(
      'SPEC_GROUP_SIZE',
      `Expected a groupSize that divides the ${layer.cols} columns of ${layer.name}, got ${groupSize}; choose a divisor or set remainder=short.`,
    );
  const search = clip === 'mse' ? { norm: clipNorm, steps: clipSteps, maxShrink: clipMaxShrink } : undefined;
  const rounding = weightType === 'float32' ? {} : { weightType };
  return { grid: { name: grid, symmetric, bits }, granularity, groupSize, clip: search, scaleType, ...rounding };
}
