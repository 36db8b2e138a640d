import type { GridSpec, Kernels, Matrix } from '@lowbit/kernels';
import {
  defineMethod,
  encodeAffine,
  passesFactors,
  scaleInput,
  scaleStage,
  spreadFactors,
  stageLayers,
  stageLinears,
  z,
} from '@lowbit/core';
import type {
  Block,
  BlockDraft,
  LayerDraft,
  MethodContext,
  ModelDraft,
  Operator,
  Replay,
  Site,
  Stage,
  Statistics,
} from '@lowbit/core';
import { meanOfHeads, meanWeights, strength } from './awq-scale.js';
import { findLeast, searchOptions } from './find-least.js';
import { affineSpec, gridOptionNames, gridOptions, planGrids } from './grid-options.js';

const options = z.object({
  ...gridOptions,
  bits: gridOptions.bits.default(4),
  groupSize: gridOptions.groupSize.default(128),
  symmetric: gridOptions.symmetric.default(false),
  grid: gridOptions.grid.default('awq'),
  points: z.int().min(1).default(20).describe('strengths tried, r = 0, 1/points, ...'),
  duo: z.boolean().default(false).describe('divide by the mean weight as AutoAWQ and llm-compressor do'),
  sharedHeads: z
    .boolean()
    .default(false)
    .describe('scale o_proj under grouped queries too, by the mean over the heads that share a value'),
  online: z
    .boolean()
    .default(true)
    .describe('behind GELU and SiLU without a gate: scale down_proj, its input divided in the forward pass'),
  ...searchOptions,
  clipSearch: z.boolean().default(true).describe('shrink each group range by its output error'),
});

/** In the order in which data meets them. */
const stages = ['attention', 'output', 'mlp', 'down'] as const;

/** Ranges tried: 1, 0.95, ... 0.55 of each group's largest weight. */
const clipRanges = { steps: 20, maxShrink: 0.5 };

/** What the method would scale on any other model (OPT-350M). */
const lateNorm = 'the norm comes after the addition';

type Options = z.output<typeof options>;
/** A stage's factors, as its producer and as its columns take them, and the r that they come from. */
interface Scale {
  ratio: number;
  factors: Float32Array;
  columns: Float32Array;
}

type Found = ReadonlyMap<LayerDraft, Statistics>;

/**
 * AWQ (arXiv:2306.00978): columns that see large activations are scaled up before rounding and their producer down, by
 * s = mean|x|^r with the r whose rounded module output is nearest to the float one; then each group's range is shrunk
 * where that lowers the group's own output error. Calibrates on the float model.
 */
export const awq = defineMethod({
  name: 'awq',
  version: '2',
  description: 'activation-aware scales found by search against block outputs, then clipped round to nearest',
  source: 'arXiv:2306.00978; mit-han-lab/llm-awq d6e797a',
  options,
  layerOptions: [...gridOptionNames, 'clipSearch'],
  acts: 'weights',
  bits: ({ bits }) => bits,
  plan: ({ blocks }, context) => ({
    grids: planGrids(context.layers, { sizeByDefault: true }),
    operators: blocks
      .filter((block) => context.layers.has(block.mlp.down) && !passesFactors(block))
      .filter((block) => whyUnscaled(block, 'down', context.options, context) === undefined)
      .map(({ mlp }): [Site, Operator] => [`${mlp.down.name}.input`, { kind: 'scale', factors: new Float32Array() }]),
  }),
  needs: () => ({ statistics: ['columns', 'hessian', 'samples'], inputs: 'float', replays: true }),
  async block(block, context) {
    const { options, optionsFor, kernels } = context;
    const found = await block.statistics(block.layers, ['columns', 'hessian', 'samples']);
    const scales = new Map<Stage, Scale>();
    // All searches look at the block as it was; only then is it edited.
    const reasons = new Map(stages.map((stage) => [stage, whyUnscaled(block.block, stage, options, block.model)]));
    for (const stage of stages)
      if (reasons.get(stage) === undefined && stageLayers(block, stage).length > 0)
        scales.set(stage, await searchScale(block, stage, found, context));
    for (const [stage, { factors }] of scales)
      if (stage === 'down' && !passesFactors(block.block)) scaleInput(block.model, block.block.mlp.down, factors);
      else scaleStage(block.model, block.block, stage, factors);
    for (const stage of stages)
      for (const layer of stageLayers(block, stage)) {
        const own = optionsFor(layer);
        const scale = scales.get(stage);
        const spec = affineSpec(own, layer.linear);
        const weight = await layer.weight();
        const clipped = own.clipSearch && !isQueryOrKey(layer);
        if (clipped) {
          const samples = scaledSamples(found.get(layer), scale?.columns);
          weight.data = await kernels.clipGroups(weight, samples, spec, clipRanges);
        }
        const reason = reasons.get(stage);
        const notes = {
          ratio: scale?.ratio ?? 0,
          clip: clipped ? 'searched' : 'off',
          ...(reason === undefined ? {} : { scale: `off: ${reason}` }),
        };
        const fallback = reason === lateNorm ? { fallback: `not scaled: ${reason}` } : {};
        await layer.encode([await encodeAffine(weight, spec, kernels)], { method: 'awq', notes, ...fallback });
      }
  },
});

/**
 * Why a stage takes no scale; undefined: its input can be divided, by a norm before it, by value rows of equal heads (of
 * shared ones where asked for), or for down in the forward pass if nothing else takes it. A transform at its input, a Hadamard
 * for instance, lets no factor pass.
 */
function whyUnscaled(
  block: Block,
  stage: Stage,
  { sharedHeads, online }: Options,
  at: Pick<ModelDraft, 'operators'>,
): string | undefined {
  const { attention, mlp, normPlacement } = block;
  if (stageLinears(block, stage).some(({ name }) => at.operators(`${name}.input`).length > 0))
    return 'a transform sits at its input';
  if (stage === 'attention' || stage === 'mlp') return normPlacement === 'post' ? lateNorm : undefined;
  if (stage === 'output')
    return sharedHeads || attention.heads === attention.kvHeads ? undefined : 'several query heads share a value head';
  return online || passesFactors(block) ? undefined : `${mlp.activation} before it lets no factor through`;
}

/** Their scores are products of two rounded sides: the reference leaves their ranges alone. */
function isQueryOrKey({ linear }: LayerDraft): boolean {
  return linear.parts.includes('query') || linear.parts.includes('key');
}

/** What the search minimises: the error of the inspected module's output, part by part. */
async function openObjective(block: BlockDraft, stage: Stage, found: Found, kernels: Kernels): Promise<Replay> {
  if (stage === 'attention' || stage === 'mlp') return block.replay(stage);
  // A single linear's error is tr(D H Dt), without a pass: a sum over its rows, of which each part takes every eighth.
  const [layer] = stageLayers(block, stage) as [LayerDraft];
  const { hessian, tokens } = found.get(layer) as Statistics;
  const { rows, cols, data } = await layer.weight();
  const parts = Math.min(8, rows);
  return {
    parts,
    values: tokens * rows,
    error(weights, part) {
      const values = weights.get(layer) as Float32Array;
      const delta = new Float32Array(Math.ceil((rows - part) / parts) * cols);
      for (let i = 0; i < delta.length; i++) {
        const at = i + cols * (part + (parts - 1) * Math.floor(i / cols));
        delta[i] = (values[at] as number) - (data[at] as number);
      }
      return kernels.quadraticError({ rows: delta.length / cols, cols, data: delta }, hessian as Float32Array);
    },
  };
}

async function searchScale(
  block: BlockDraft,
  stage: Stage,
  found: Found,
  { options, optionsFor, kernels }: MethodContext<Options>,
): Promise<Scale> {
  const layers = stageLayers(block, stage);
  const { columns, tokens } = found.get(layers[0] as LayerDraft) as Statistics;
  const { heads, kvHeads } = block.block.attention;
  const perProducer = (means: Float32Array): Float32Array =>
    stage === 'output' ? meanOfHeads(means, heads, kvHeads) : means;
  const inputMean = perProducer(Float32Array.from(columns?.absSum ?? [], (sum) => sum / tokens));
  const weights = await Promise.all(layers.map((layer) => layer.weight()));
  const specs = layers.map((layer) => affineSpec(optionsFor(layer), layer.linear));
  const weightMean = options.duo ? perProducer(meanWeights(weights, specs)) : undefined;
  const scales = Array.from({ length: options.points }, (_, i): Scale => {
    const ratio = i / options.points;
    const factors = strength(ratio, inputMean, weightMean);
    return { ratio, factors, columns: spreadFactors(block.block, stage, factors) };
  });
  const objective = await openObjective(block, stage, found, kernels);
  const best = await findLeast(objective, options, scales.length, async (candidate) => {
    const { columns } = scales[candidate] as Scale;
    const tried = new Map<LayerDraft, Float32Array>();
    for (const [i, layer] of layers.entries())
      tried.set(layer, await kernels.roundScaled(weights[i] as Matrix, columns, specs[i] as GridSpec));
    return tried;
  });
  return scales[best] as Scale;
}

/** The inputs as they are once the stage's columns are scaled. */
function scaledSamples(found: Statistics | undefined, factors: Float32Array | undefined): Float32Array {
  const samples = found?.samples as Float32Array;
  return factors ? samples.map((x, i) => x / (factors[i % factors.length] as number)) : samples;
}
