import type { GridSpec, Kernels, Matrix } from '@lowbit/kernels';
import { defineMethod, encodeAffine, scaleStage, stageLayers, z } from '@lowbit/core';
import type { BlockDraft, LayerDraft, Replay, Stage, Statistics } from '@lowbit/core';
import { clipGroups } from './awq-clip.js';
import { findLeast, searchOptions } from './find-least.js';
import { affineSpec, gridOptions } from './grid-options.js';

const options = z.object({
  ...gridOptions,
  bits: gridOptions.bits.default(4),
  groupSize: gridOptions.groupSize.default(128),
  symmetric: gridOptions.symmetric.default(false),
  grid: gridOptions.grid.default('awq'),
  points: z.int().min(1).default(20).describe('strengths tried, r = 0, 1/points, ...'),
  duo: z.boolean().default(false).describe('divide by the mean weight as AutoAWQ and llm-compressor do'),
  ...searchOptions,
  clipSearch: z.boolean().default(true).describe('shrink each group range by its output error'),
});

/** In the order in which data meets them. */
const stages = ['attention', 'output', 'mlp', 'down'] as const;

type Options = z.output<typeof options>;
/** A stage's factors and the r that they come from. */
interface Scale {
  ratio: number;
  factors: Float32Array;
}

type Found = ReadonlyMap<LayerDraft, Statistics>;

/**
 * AWQ (arXiv:2306.00978): columns that see large activations are scaled up before rounding and their producer down, by
 * s = mean|x|^r with the r whose rounded module output is nearest to the float one; then each group's range is shrunk
 * where that lowers the group's own output error. Calibrates on the float model.
 */
export const awq = defineMethod({
  name: 'awq',
  version: '1',
  description: 'activation-aware scales found by search against block outputs, then clipped round to nearest',
  source: 'arXiv:2306.00978; mit-han-lab/llm-awq d6e797a',
  options,
  acts: 'weights',
  bits: ({ bits }) => bits,
  needs: () => ({ statistics: ['columns', 'hessian', 'samples'], inputs: 'float' }),
  async block(block, { options, kernels }) {
    const found = await block.statistics(block.layers, ['columns', 'hessian', 'samples']);
    const scales = new Map<Stage, Scale>();
    // All searches look at the block as it was; only then is it edited.
    for (const stage of searchedStages(block)) {
      const layers = stageLayers(block, stage);
      scales.set(
        stage,
        await searchScale(layers, found, await openObjective(block, stage, found, kernels), options, kernels),
      );
    }
    for (const [stage, { factors }] of scales) scaleStage(block.model, block.block, stage, factors);
    for (const stage of stages)
      for (const layer of stageLayers(block, stage)) {
        const spec = affineSpec(options, layer.linear);
        const weight = await layer.weight();
        const clipped = options.clipSearch && !isQueryOrKey(layer);
        if (clipped)
          await clipGroups(weight, scaledSamples(found.get(layer), scales.get(stage)?.factors), spec, kernels);
        const notes = { ratio: scales.get(stage)?.ratio ?? 0, clip: clipped ? 'searched' : 'off' };
        await layer.encode([await encodeAffine(weight, spec, kernels)], { method: 'awq', notes });
      }
  },
});

/**
 * o takes a scale where values and queries have equal heads; down where the activation lets a factor through; neither where
 * a transform sits at its input, a Hadamard for instance, which the factor could not pass.
 */
function searchedStages(block: BlockDraft): Stage[] {
  const { attention, mlp, normPlacement } = block.block;
  const isPlain = (stage: Stage): boolean =>
    stageLayers(block, stage).every(({ linear }) => block.model.operators(`${linear.name}.input`).length === 0);
  const gated = mlp.inputs.some(({ parts }) => parts.includes('gate'));
  const takesScale: Record<Stage, boolean> = {
    attention: normPlacement === 'pre',
    output: attention.heads === attention.kvHeads,
    mlp: normPlacement === 'pre',
    down: gated || mlp.activation === 'relu',
  };
  return stages.filter((stage) => takesScale[stage] && isPlain(stage));
}

/** Their scores are products of two rounded sides: the reference leaves their ranges alone. */
function isQueryOrKey({ linear }: LayerDraft): boolean {
  return linear.parts.includes('query') || linear.parts.includes('key');
}

/** What the search minimises: the error of the inspected module's output, part by part. */
async function openObjective(block: BlockDraft, stage: Stage, found: Found, kernels: Kernels): Promise<Replay> {
  if (stage === 'attention' || stage === 'mlp') return block.replay(stage);
  // A single linear's error is tr(D H Dt), without a pass.
  const [layer] = stageLayers(block, stage) as [LayerDraft];
  const { hessian, tokens } = found.get(layer) as Statistics;
  const weight = await layer.weight();
  return {
    parts: 1,
    values: tokens * weight.rows,
    error(weights) {
      const values = weights.get(layer) as Float32Array;
      const delta = { ...weight, data: values.map((value, i) => value - (weight.data[i] as number)) };
      return kernels.quadraticError(delta, hessian as Float32Array);
    },
  };
}

async function searchScale(
  layers: readonly LayerDraft[],
  found: Found,
  objective: Replay,
  options: Options,
  kernels: Kernels,
): Promise<Scale> {
  const { columns, tokens } = found.get(layers[0] as LayerDraft) as Statistics;
  const inputMean = Float32Array.from(columns?.absSum ?? [], (sum) => sum / tokens);
  const weights = await Promise.all(layers.map((layer) => layer.weight()));
  const specs = layers.map(({ linear }) => affineSpec(options, linear));
  const weightMean = options.duo ? meanWeights(weights, specs) : undefined;
  const strengths = Array.from({ length: options.points }, (_, i) =>
    strength(i / options.points, inputMean, weightMean),
  );
  const best = await findLeast(objective, options, strengths.length, async (candidate) => {
    const factors = strengths[candidate] as Float32Array;
    const tried = new Map<LayerDraft, Float32Array>();
    for (const [i, layer] of layers.entries())
      tried.set(layer, await roundScaled(weights[i] as Matrix, factors, specs[i] as GridSpec, kernels));
    return tried;
  });
  return { ratio: best / options.points, factors: strengths[best] as Float32Array };
}

/** s = mean|x|^r (over mean|w|^(1-r)), at least 1e-4, then over the geometric mean of its ends. */
function strength(ratio: number, inputMean: Float32Array, weightMean: Float32Array | undefined): Float32Array {
  const factors = inputMean.map((x, j) => {
    const weight = weightMean ? (weightMean[j] as number) ** (1 - ratio) + 1e-4 : 1;
    return Math.max(1e-4, x ** ratio / weight);
  });
  let [low, high] = [Infinity, 0];
  for (const s of factors) [low, high] = [Math.min(low, s), Math.max(high, s)];
  const middle = Math.sqrt(low * high);
  return factors.map((s) => (Number.isFinite(s / middle) ? s / middle : 1));
}

/** Q(W s) / s. */
async function roundScaled(
  { rows, cols, data }: Matrix,
  s: Float32Array,
  spec: GridSpec,
  kernels: Kernels,
): Promise<Float32Array> {
  const scaled = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) scaled[i] = (data[i] as number) * (s[i % cols] as number);
  const matrix = { rows, cols, data: scaled };
  const parameters = await kernels.fitGrid(matrix, spec);
  const rounded = await kernels.decode(await kernels.encode(matrix, spec, parameters), rows, cols, spec, parameters);
  for (let i = 0; i < data.length; i++) rounded[i] = (rounded[i] as number) / (s[i % cols] as number);
  return rounded;
}

/** The inputs as they are once the stage's columns are scaled. */
function scaledSamples(found: Statistics | undefined, factors: Float32Array | undefined): Float32Array {
  const samples = found?.samples as Float32Array;
  return factors ? samples.map((x, i) => x / (factors[i % factors.length] as number)) : samples;
}

/** Mean over rows of |w| over its group's largest, what AutoAWQ calls w_mean. */
function meanWeights(weights: readonly Matrix[], specs: readonly GridSpec[]): Float32Array {
  const sums = new Float32Array(weights[0]?.cols ?? 0);
  for (const [k, { data, cols }] of weights.entries()) {
    const { groupSize } = specs[k] as GridSpec;
    for (let start = 0; start < data.length;) {
      const end = Math.min(start + groupSize, start - (start % cols) + cols);
      let top = 0;
      for (let i = start; i < end; i++) top = Math.max(top, Math.abs(data[i] as number));
      for (let i = start; i < end; i++)
        sums[i % cols] = (sums[i % cols] as number) + Math.abs(data[i] as number) / (top + 1e-6);
      start = end;
    }
  }
  const rows = weights.reduce((sum, each) => sum + each.rows, 0);
  return sums.map((sum) => sum / rows);
}
