import {
  blockLinears,
  blockStages,
  decoderTensors,
  estimateNeed,
  needsCalibration,
  parseCalibration,
} from '@lowbit/core';
import type { Block, Decoder, PlannedModel, ResolvedRecipe, RowCost } from '@lowbit/core';
import { knownDecoder, paperModels } from './models.js';
import type { ModelId } from './models.js';
import { countTaskTokens } from './task-tokens.js';
import type { TaskTokens } from './task-tokens.js';
import type { CoveredRow } from './table.js';

/** What an estimate rests on. */
export interface CostBasis {
  /** Multiply-adds a second of a large float32 product on this machine. */
  rate: number;
  /** The recipe, its presets and options resolved. */
  recipe: ResolvedRecipe;
  /** Tasks of a mean; of any other row its own. */
  tasks: readonly string[];
  isThere: boolean;
}

/**
 * Shares of the measured rate, and weights rounded and written a second, as SmolLM2 showed them on two quiet threads
 * (docs/papers.md): forward passes, sums of second moments, GPTQ's columns and factors, AWQ's clip search.
 */
const efficiency = { forward: 0.8, moments: 0.8, columns: 0.15, clip: 0.3 };
const writtenWeights = 25e6;
/** Passes over the calibration tokens that AWQ's search comes to, attention recomputed for every strength. */
const searchPasses = { full: 16, halving: 4.3 };

/** Parameters of a model, tied ones once. */
export function countParameters(id: ModelId): number {
  return decoderTensors(knownDecoder(id)).reduce((sum, { shape }) => sum + product(shape), 0);
}

/** As the hub gives it. */
export function downloadBytes(id: ModelId): number {
  return countParameters(id) * paperModels[id].bytesPerWeight;
}

/**
 * What one row costs by itself: rows of one model that run together share the float passes of calibration, so a sum is an
 * upper bound. Tokens, memory and disk follow from shapes; hours are multiply-adds over the machine's rate.
 */
export function estimateCost(row: CoveredRow, { rate, recipe, tasks, isThere }: CostBasis): RowCost {
  const decoder = knownDecoder(row.model);
  const parameters = countParameters(row.model);
  const scored = sumTokens(
    tasks.map((task) => countTaskTokens({ ...row.measure, task }, paperModels[row.model], decoder)),
  );
  const calibrated = needsCalibration(recipe) ? calibrationTokens(row, decoder) : { tokens: 0, length: 0 };
  const need = estimateNeed([planOf(row, decoder, parameters, recipe, calibrated.tokens)], new Set(['row']), 1);
  const window = Math.min(row.measure.window ?? 256, decoder.contextLength);
  const seconds =
    forwardProducts(decoder, scored, window) / (rate * efficiency.forward) +
    quantizeSeconds(decoder, recipe, calibrated, rate);
  return {
    tokens: calibrated.tokens + scored.computed,
    memoryBytes: need.memory,
    diskBytes: need.artifacts + need.spilled + need.decoded,
    downloadBytes: isThere ? 0 : parameters * paperModels[row.model].bytesPerWeight,
    hours: seconds / 3600,
  };
}

function planOf(
  { model }: CoveredRow,
  decoder: Decoder,
  parameters: number,
  recipe: ResolvedRecipe,
  tokens: number,
): Pick<PlannedModel, 'info' | 'calibration' | 'artifacts'> {
  const info = {
    ...{ path: '', name: model, family: decoder.family, digest: '', decoder, parameters, bitsPerWeight: 16 },
    ...{ recipe: undefined, calibration: undefined, layers: [] },
  };
  const record = { source: '', samples: 0, sequenceLength: 0, tokens, seed: undefined, tokenSha256: '' };
  return {
    info,
    calibration: tokens > 0 ? { sequences: [], record } : undefined,
    artifacts: recipe.steps.length > 0 ? [{ digest: 'row', recipe }] : [],
  };
}

function calibrationTokens(
  { calibration }: CoveredRow,
  { contextLength }: Decoder,
): { tokens: number; length: number } {
  if (calibration === undefined) return { tokens: 0, length: 0 };
  const { samples = 128, sequenceLength = Math.min(2048, contextLength) } = parseCalibration(calibration);
  return { tokens: samples * sequenceLength, length: sequenceLength };
}

/** Multiply-adds of tokens through blocks and head; attention's products are full squares. */
function forwardProducts(decoder: Decoder, { computed, scored }: TaskTokens, window: number): number {
  return blockProducts(decoder, computed, window) + scored * decoder.vocabSize * decoder.hiddenSize;
}

function blockProducts({ blocks }: Decoder, tokens: number, window: number): number {
  return tokens * sum(blocks.map((block) => linearProducts(block) + attentionProducts(block, window)));
}

function quantizeSeconds(
  decoder: Decoder,
  { steps }: ResolvedRecipe,
  { tokens, length }: { tokens: number; length: number },
  rate: number,
): number {
  const forward = blockProducts(decoder, tokens, length) / (rate * efficiency.forward);
  const weights = sum(decoder.blocks.map(linearProducts));
  const computed = steps.map(({ method, options }) => {
    // The second pass gives the quantized block's outputs; true-sequential order has one more a stage.
    if (method.name === 'gptq')
      return (options['trueSequential'] ? 5 : 2) * forward + gptqSeconds(decoder, tokens, rate);
    if (method.name === 'awq')
      return searchSeconds(decoder, tokens, length, rate, options['search'] === 'halving' ? 'halving' : 'full');
    return method.needs?.(options) === undefined ? 0 : forward;
  });
  return sum(computed) + (steps.length > 0 ? weights / writtenWeights : 0);
}

/** Second moments once a stage's input, then columns with their errors fed forward, and two factorizations. */
function gptqSeconds({ blocks }: Decoder, tokens: number, rate: number): number {
  const stages = blocks.flatMap((block) => blockStages(block));
  const moments = sum(stages.map(([{ cols = 0 } = {}]) => (tokens * cols ** 2) / 2));
  const columns = sum(
    stages.map((linears) => sum(linears.map(({ rows, cols }) => rows * cols ** 2)) + (linears[0]?.cols ?? 0) ** 3),
  );
  return moments / (rate * efficiency.moments) + columns / (rate * efficiency.columns);
}

/** Passes of attention, of o, of the MLP and of down; then ten clip ranges on 512 tokens a linear. */
function searchSeconds(
  decoder: Decoder,
  tokens: number,
  length: number,
  rate: number,
  search: keyof typeof searchPasses,
): number {
  const passes = sum(
    decoder.blocks.map((block) => {
      const { attention, mlp } = block;
      const [output, down] = [attention.output, mlp.down].map(({ rows, cols }) => rows * cols);
      return linearProducts(block) + attentionProducts(block, length) + (output ?? 0) + (down ?? 0);
    }),
  );
  const clip = sum(decoder.blocks.flatMap(blockLinears).map(({ rows, cols }) => 10 * 512 * rows * cols));
  return (searchPasses[search] * tokens * passes) / (rate * efficiency.forward) + clip / (rate * efficiency.clip);
}

function linearProducts(block: Block): number {
  return sum(blockLinears(block).map(({ rows, cols }) => rows * cols));
}

function attentionProducts({ attention: { heads, headDim } }: Block, window: number): number {
  return 2 * window * heads * headDim;
}

function sumTokens(counts: readonly (TaskTokens | undefined)[]): TaskTokens {
  return {
    computed: sum(counts.map((count) => count?.computed ?? 0)),
    scored: sum(counts.map((count) => count?.scored ?? 0)),
  };
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
