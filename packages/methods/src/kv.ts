import { defineMethod, LowbitError, z } from '@lowbit/core';
import type { Block, Decoder, ModelDraft, Operator, Quantize, SampledSite, Site, SiteSamples } from '@lowbit/core';
import { stepGrid, stepOf } from './step-grid.js';

const side = z.enum(['token', 'channel']);
const bits = z.int().min(2).max(8);

const kvOptions = z.object({
  bits: bits.default(4).describe('width of a code'),
  keyBits: bits.optional().describe('of keys, where it differs'),
  valueBits: bits.optional().describe('of values, where it differs'),
  window: z.int().min(0).default(0).describe('recent tokens kept in full precision (KIVI: 128)'),
  keyAxis: side.default('token').describe('what a group of keys runs along; channel needs a window'),
  valueAxis: side.default('token').describe('what a group of values runs along; channel needs a window'),
  groupSize: z.int().min(1).optional().describe('values sharing a scale; absent: a head of a token'),
  symmetric: z.boolean().default(false).describe('zero maps to a fixed middle code; without a window only'),
  clipRatio: z.number().positive().max(1).default(1).describe('share of the range that is kept; without a window only'),
  grid: stepGrid,
  range: z
    .enum(['dynamic', 'static'])
    .default('dynamic')
    .describe(
      'from each value as it comes, or one of all keys and one of all values from calibration; then without groups',
    ),
  beforeRope: z.boolean().default(false).describe('keys before the position encoding; without a window only'),
  quarotValues: z
    .boolean()
    .default(false)
    .describe('ranges of values need not hold zero, as in the QuaRot code; without a window only'),
});

type Options = z.output<typeof kvOptions>;

/** Tokens whose keys and values a static range covers, evenly spaced: 4,096 channels of them are 256 MB. */
const sampledTokens = 16384;

/**
 * Rounds keys and values as a quantized cache holds them, inside one forward; equal to decoding token by token. Without a
 * window every token is read rounded, its own included (QuaRot's simulation); with one, KIVI's rule (arXiv:2402.02750).
 */
export const kv = defineMethod({
  name: 'kv',
  version: '2',
  description: 'quantized key-value cache, per token or per channel, with or without a window in full precision',
  source: 'arXiv:2402.02750, jy-yuan/KIVI 876b4d2; arXiv:2404.00456, spcl/QuaRot 5008669',
  options: kvOptions,
  acts: 'cache',
  needs: ({ range }) => (range === 'static' ? { statistics: [], inputs: 'float' } : undefined),
  plan: (decoder, { options }) => ({ operators: operatorsOf(decoder, options) }),
  prepare(draft, { options }) {
    const operators = operatorsOf(draft.decoder, options);
    if (options.range === 'dynamic') for (const [site, operator] of operators) append(draft, site, operator);
    return Promise.resolve();
  },
  async block(block, { options }) {
    const { index, model } = block;
    if (options.range === 'dynamic') return;
    for (const [site, operator] of operatorsOf({ blocks: [model.decoder.blocks[index] as Block] }, options)) {
      const range = rangeOf(await block.sample(site.slice(`block.${index}.`.length) as SampledSite, sampledTokens));
      append(model, site, { ...(operator as Quantize), range });
    }
  },
});

function append(draft: ModelDraft, site: Site, operator: Operator): void {
  draft.setOperators(site, [...draft.operators(site), operator]);
}

/** Zero always lies in it. */
function rangeOf({ values }: SiteSamples): { low: number; high: number } {
  const range = { low: 0, high: 0 };
  for (const value of values) {
    range.low = Math.min(range.low, value);
    range.high = Math.max(range.high, value);
  }
  return range;
}

/** Throws METHOD_OPTION for options that exclude each other, or do not fit the heads. */
function operatorsOf({ blocks }: Pick<Decoder, 'blocks'>, options: Options): [Site, Operator][] {
  const { window, groupSize, keyAxis, valueAxis, symmetric, clipRatio } = options;
  const keyBits = options.keyBits ?? options.bits;
  const valueBits = options.valueBits ?? options.bits;
  return blocks.flatMap(({ index, attention }): [Site, Operator][] => {
    const size = groupSize ?? attention.headDim;
    if (window > 0) {
      checkWindow(attention.headDim, options);
      const keys = { bits: keyBits, axis: keyAxis, groupSize: size };
      const values = { bits: valueBits, axis: valueAxis, groupSize: size };
      return [[`block.${index}.cache`, { kind: 'cache', window, keys, values }]];
    }
    if (keyAxis === 'channel' || valueAxis === 'channel')
      refuse('a window with channel groups, because a group of tokens is complete only when it lies in the past');
    if (options.range === 'static' && groupSize !== undefined) refuse('no groupSize beside range=static');
    if (attention.headDim % size !== 0)
      refuse(`a groupSize that divides the head size ${attention.headDim} of block ${index}, got ${size}`);
    const grid = stepOf(options.grid);
    // The range is not known before calibration; that there is one is.
    const shared =
      options.range === 'static'
        ? ({ granularity: 'tensor', range: { low: 0, high: 0 } } as const)
        : ({ granularity: 'group', groupSize: size } as const);
    const common = { kind: 'quantize', ...shared, symmetric, clipRatio, ...grid } as const;
    return [
      [`block.${index}.${options.beforeRope ? 'keyBeforeRope' : 'key'}`, { ...common, bits: keyBits }],
      [`block.${index}.value`, { ...common, bits: valueBits, includeZero: !options.quarotValues }],
    ];
  });
}

function checkWindow(headDim: number, { window, groupSize = headDim, keyAxis, valueAxis, ...rest }: Options): void {
  if (rest.range === 'static' || rest.symmetric || rest.clipRatio !== 1 || rest.beforeRope || rest.quarotValues)
    refuse('neither range=static, symmetric, clipRatio, beforeRope nor quarotValues beside a window');
  const fits = (axis: 'token' | 'channel'): boolean => (axis === 'token' ? headDim : window) % groupSize === 0;
  if (!fits(keyAxis) || !fits(valueAxis))
    refuse(`a groupSize that divides the window ${window} (channel) and the head size ${headDim} (token)`);
}

function refuse(expected: string): never {
  throw new LowbitError('METHOD_OPTION', `Expected ${expected}; change the options of kv.`);
}
