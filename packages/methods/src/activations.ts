import { defineMethod, LowbitError, z } from '@lowbit/core';
import type { BlockDraft, Linear, MethodContext, Quantize, Site, StatisticPlace, Statistics } from '@lowbit/core';
import { stepGrid, stepOf } from './step-grid.js';

const options = z
  .object({
    format: z
      .enum(['integer', 'e4m3', 'e5m2'])
      .default('integer')
      .describe('integers, or floats of 8 bits with 4 or 5 of exponent'),
    bits: z.int().min(2).max(8).default(8).describe('width of a code'),
    granularity: z.enum(['tensor', 'token', 'group']).default('token').describe('what shares a scale'),
    groupSize: z.int().min(1).optional().describe('neighbouring channels sharing a scale, for group'),
    symmetric: z.boolean().default(true).describe('zero maps to a fixed middle code'),
    clipRatio: z.number().positive().max(1).default(1).describe('share of the range that is kept'),
    grid: stepGrid,
    range: z
      .enum(['dynamic', 'static'])
      .default('dynamic')
      .describe('from each value as it comes, or from calibration: one of the tensor, or of each group'),
    arithmetic: z
      .enum(['float32', 'float16', 'bfloat16'])
      .default('float32')
      .describe('what every step of the rounding is itself rounded to, as reference code in a half computes'),
    outputs: z
      .boolean()
      .default(false)
      .describe('outputs of query, key and value too, all heads of a token together, before the position encoding'),
  })
  .superRefine(({ format, bits, symmetric, granularity, groupSize, range }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (format !== 'integer' && bits !== 8) refuse('bits', `Format=${format} has 8: leave bits out, or format`);
    if (format !== 'integer' && !symmetric)
      refuse('symmetric', `Format=${format} has no zero point: leave symmetric out, or format`);
    if (granularity === 'group' && groupSize === undefined)
      refuse('groupSize', 'Granularity=group needs one: set for instance groupSize=128');
    if (granularity !== 'group' && groupSize !== undefined)
      refuse('groupSize', `It has no meaning for granularity=${granularity}: set granularity=group, or leave it out`);
    if (granularity === 'token' && range === 'static')
      refuse(
        'range',
        'A token has not come yet at calibration: set granularity=tensor or granularity=group, or range=dynamic',
      );
  });

type Options = z.output<typeof options>;

/**
 * Quantizes the inputs of the blocks' linears, and outputs, in the forward pass, in float arithmetic (simulated). Symmetric:
 * s = clipRatio * max|x| / (2^(bits-1) - 1), or / ((2^bits - 1) / 2) on the grid of compressed-tensors; float8 divides by its
 * greatest value. What lies at a site already, a rotation for instance, comes first.
 */
export const activations = defineMethod({
  name: 'activations',
  version: '2',
  description: 'rounds the inputs of linears, dynamic per token by default',
  source: 'arXiv:2211.10438 table 2; spcl/QuaRot 5008669 quant_utils',
  options,
  layerOptions: ['format', 'bits', 'granularity', 'groupSize', 'symmetric', 'clipRatio', 'grid', 'arithmetic'],
  acts: 'activations',
  needs: ({ range }) => (range === 'static' ? { statistics: ['columns'], inputs: 'float' } : undefined),
  plan: (_, { options, layers }) => ({
    operators: [...layers].flatMap(([linear, own]) =>
      places
        .filter((place) => isRounded(linear, place, options))
        .map((place) => [siteOf(linear, place), planQuantizer(linear, place, own)] as const),
    ),
  }),
  async block(block, context) {
    for (const place of places) await quantizeSites(block, place, context);
  },
});

const places: readonly StatisticPlace[] = ['input', 'output'];

/** Outputs: what the products of attention read, as SmoothQuant's quantize_bmm_input rounds it. */
function isRounded({ parts }: Linear, place: StatisticPlace, { outputs }: Options): boolean {
  return place === 'input' || (outputs && parts.some((part) => ['query', 'key', 'value'].includes(part)));
}

function siteOf({ name }: Linear, place: StatisticPlace): Site {
  return `${name}.${place}`;
}

/** With a stand-in for a range that will be calibrated. Throws METHOD_OPTION where groups do not fit the layer. */
function planQuantizer(linear: Linear, place: StatisticPlace, options: Options): Quantize {
  const { groupSize = 1, range } = options;
  const width = place === 'input' ? linear.cols : linear.rows;
  if (width % groupSize !== 0)
    throw new LowbitError(
      'METHOD_OPTION',
      `Expected activations with a groupSize that divides the ${width} channels at the ${place} of ${linear.name}, got ${groupSize}; choose a divisor of all widths.`,
    );
  const unit = { min: new Float32Array(width).fill(-1), max: new Float32Array(width).fill(1) };
  return quantizerOf(options, range === 'static' ? rangeOf(unit, groupOf(options)) : undefined);
}

async function quantizeSites(
  block: BlockDraft,
  place: StatisticPlace,
  { options, optionsFor }: MethodContext<Options>,
): Promise<void> {
  const layers = block.layers.filter(({ linear }) => isRounded(linear, place, options));
  const statistics = options.range === 'static' ? await block.statistics(layers, ['columns'], place) : undefined;
  // Layers that read one value share its statistics, and so the arrays of its range.
  const ranges = new Map<Statistics, Map<number, Quantize['range']>>();
  for (const layer of layers) {
    const own = optionsFor(layer);
    const found = statistics?.get(layer);
    const size = groupOf(own);
    const made = found && (ranges.get(found) ?? new Map<number, Quantize['range']>());
    if (found && made && !made.has(size)) ranges.set(found, made.set(size, rangeOf(found.columns as Bounds, size)));
    const site = siteOf(layer.linear, place);
    block.model.setOperators(site, [...block.model.operators(site), quantizerOf(own, made?.get(size))]);
  }
}

function quantizerOf({ range: _, outputs: __, grid, ...rest }: Options, range: Quantize['range']): Quantize {
  return { kind: 'quantize', ...rest, ...stepOf(grid), ...(range ? { range } : {}) };
}

/** Channels that share a range; Infinity: all. */
function groupOf({ granularity, groupSize }: Options): number {
  return (granularity === 'group' && groupSize) || Infinity;
}

/** The least and greatest of each channel. */
type Bounds = Pick<NonNullable<Statistics['columns']>, 'min' | 'max'>;

/** Of groups of `size` channels, or of the tensor. Zero always lies in it. */
function rangeOf({ min, max }: Bounds, size: number): Quantize['range'] {
  const low = new Float32Array(Math.max(1, Math.ceil(min.length / size)));
  const high = new Float32Array(low.length);
  for (let j = 0; j < min.length; j++) {
    const group = Math.floor(j / size);
    low[group] = Math.min(low[group] as number, min[j] as number);
    high[group] = Math.max(high[group] as number, max[j] as number);
  }
  return Number.isFinite(size) ? { low, high } : { low: low[0] as number, high: high[0] as number };
}
