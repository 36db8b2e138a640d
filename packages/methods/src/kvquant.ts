import { defineMethod, LowbitError, z } from '@lowbit/core';
import type { BlockDraft, ChannelRange, Codebook, SampledSite, Site, SiteSamples, TokenRange } from '@lowbit/core';
import { kMeans } from './k-means.js';
import type { WeightedPoints } from './k-means.js';
import { boundariesOf, normalFloatLevels, normaliseLevels, uniformLevels } from './levels.js';
import { quantile, ScaledHistogram } from './scaled-histogram.js';

const options = z.object({
  bits: z.int().min(2).max(4).default(4).describe('width of a code'),
  codebook: z
    .enum(['kmeans', 'normalfloat', 'uniform'])
    .default('kmeans')
    .describe('levels: fitted to each block, quantiles of a normal distribution, or evenly spaced'),
  outliers: z.number().min(0).lt(1).default(0.01).describe('share of values kept exactly, half at either end; 0: none'),
  firstTokens: z.int().min(0).default(1).describe('tokens of each sequence kept exactly and left out of calibration'),
  qNorm: z.boolean().default(false).describe('k-means levels spread to keep mean and deviation (the paper: at 2 bits)'),
});

type Options = z.output<typeof options>;

/** As many as the paper's 16 sequences of 2,048; more are thinned out evenly. */
const maxSamples = 32_768;

/**
 * KVQuant (arXiv:2401.18079): keys before the position encoding by calibrated ranges of their channels, values by the range
 * of their token over all heads; both snapped to levels that k-means found on the calibration tokens, one set a block and
 * side. Every token reads the cache rounded, its own included; one forward equals a decode. K-means is exact and unweighted:
 * the paper weights by squared gradients, which the host does not have.
 */
export const kvquant = defineMethod({
  name: 'kvquant',
  version: '1',
  description:
    'key-value cache on fitted levels (unweighted k-means, no Fisher information), outliers and first tokens exact',
  source: 'arXiv:2401.18079; SqueezeAILab/KVQuant 57a2383',
  options,
  acts: 'cache',
  needs: () => ({ statistics: [], inputs: 'float' }),
  plan({ blocks }, { options: { codebook, qNorm, outliers, firstTokens } }) {
    if (qNorm && codebook !== 'kmeans')
      throw new LowbitError(
        'METHOD_OPTION',
        `Expected codebook=kmeans beside qNorm, got ${codebook}; change the options of kvquant.`,
      );
    const none = new Float32Array();
    const common = { kind: 'codebook', boundaries: none, levels: none, firstTokens } as const;
    const keys: Codebook = { ...common, range: channelRange([], outliers) };
    const operators = blocks.flatMap(({ index, attention }): [Site, Codebook][] => [
      [`block.${index}.keyBeforeRope`, keys],
      [`block.${index}.value`, { ...common, range: tokenRange(attention.kvHeads * attention.headDim, outliers) }],
    ]);
    return { operators };
  },
  async block(block, { options }) {
    const { codebook, outliers, firstTokens } = options;
    const sample = async (site: 'keyBeforeRope' | 'value'): Promise<Float32Array[]> =>
      laterRows(await block.sample(site, maxSamples), firstTokens);
    const keys = await sample('keyBeforeRope');
    const values = codebook === 'kmeans' ? await sample('value') : [];
    const range = channelRange(keys, outliers);
    append(block, 'keyBeforeRope', {
      ...chooseLevels(options, () => scaleChannels(keys, range)),
      kind: 'codebook',
      range,
      firstTokens,
    });
    const { kvHeads, headDim } = block.block.attention;
    append(block, 'value', {
      ...chooseLevels(options, () => scaleTokens(values, outliers)),
      kind: 'codebook',
      range: tokenRange(kvHeads * headDim, outliers),
      firstTokens,
    });
  },
});

function append({ index, model }: BlockDraft, site: SampledSite, operator: Codebook): void {
  const name = `block.${index}.${site}` as const;
  model.setOperators(name, [...model.operators(name), operator]);
}

type Levels = Pick<Codebook, 'boundaries' | 'levels'>;

function chooseLevels({ bits, codebook, qNorm }: Options, scaled: () => WeightedPoints): Levels {
  const fixed = codebook === 'normalfloat' ? normalFloatLevels(bits) : uniformLevels(bits);
  if (codebook !== 'kmeans')
    return { boundaries: Float32Array.from(boundariesOf(fixed)), levels: Float32Array.from(fixed) };
  const found = scaled();
  // Ranges without width hold no points, and every level gives the same.
  const centres = found.points.length < 2 ? fixed : kMeans(found, 2 ** bits);
  const levels = qNorm && centres !== fixed ? normaliseLevels(found, centres) : centres;
  return { boundaries: Float32Array.from(boundariesOf(centres)), levels: Float32Array.from(levels) };
}

/** One row a token, all heads side by side, without the first tokens of each sequence. */
function laterRows({ tokens, values, positions }: SiteSamples, firstTokens: number): Float32Array[] {
  const width = values.length / tokens;
  const kept = [...positions.keys()].filter((token) => (positions[token] as number) >= firstTokens);
  if (kept.length === 0)
    throw new LowbitError(
      'METHOD_NEEDS',
      `Expected calibration sequences longer than firstTokens=${firstTokens}, got none; calibrate on longer ones or keep fewer first tokens.`,
    );
  return kept.map((token) => values.subarray(token * width, (token + 1) * width));
}

/** The middle 1 - outliers of each channel. */
function channelRange(rows: readonly Float32Array[], outliers: number): ChannelRange {
  const width = rows[0]?.length ?? 0;
  const [low, high] = [new Float32Array(width), new Float32Array(width)];
  const column = new Float32Array(rows.length);
  for (let channel = 0; channel < width; channel++) {
    for (const [i, row] of rows.entries()) column[i] = row[channel] as number;
    column.sort();
    low[channel] = quantile(column, outliers / 2);
    high[channel] = quantile(column, 1 - outliers / 2);
  }
  return { per: 'channel', low, high, keepOutside: outliers > 0 };
}

/** What the code's `<= lower quantile` and `>= upper quantile` come to: a quantile lies between neighbours in order. */
function tokenRange(width: number, outliers: number): TokenRange {
  return { per: 'token', outliers: outliers === 0 ? 0 : Math.floor((outliers / 2) * (width - 1)) + 1 };
}

function scaleChannels(rows: readonly Float32Array[], { low, high }: ChannelRange): WeightedPoints {
  const histogram = new ScaledHistogram();
  for (const row of rows)
    for (let i = 0; i < row.length; i++) histogram.add(row[i] as number, low[i] as number, high[i] as number);
  return histogram.points();
}

/** As the code calibrates, by the token's quantiles themselves; the forward pass takes the range of what lies between. */
function scaleTokens(rows: readonly Float32Array[], outliers: number): WeightedPoints {
  const histogram = new ScaledHistogram();
  for (const row of rows) {
    const sorted = row.slice().sort();
    const [low, high] = [quantile(sorted, outliers / 2), quantile(sorted, 1 - outliers / 2)];
    for (const x of row) histogram.add(x, low, high);
  }
  return histogram.points();
}
