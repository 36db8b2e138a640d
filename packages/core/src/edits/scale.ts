import type { BlockDraft, LayerDraft, ModelDraft } from '../method.js';
import { partRows } from '../model/decoder.js';
import type { Block, Linear, Norm } from '../model/decoder.js';
import { locatePart, scaleCols, scaleRows } from './linear.js';
import { refuse, requirePlainInputs, requirePlainOutputs } from './sites.js';

/** Linears that read one value: {q, k, v}, {o}, {gate, up}, {down}. */
export type Stage = 'attention' | 'output' | 'mlp' | 'down';

/** Every linear of a stage, those that a step leaves out as well. */
export function stageLinears({ attention, mlp }: Block, stage: Stage): Linear[] {
  const { output } = attention;
  return { attention: attention.inputs, output: [output], mlp: mlp.inputs, down: [mlp.down] }[stage];
}

/** Of them, those that the step treats. */
export function stageLayers({ layers, block }: BlockDraft, stage: Stage): LayerDraft[] {
  const linears = stageLinears(block, stage);
  return layers.filter(({ linear }) => linears.includes(linear));
}

/** A stage's factors for the columns of its linears: query heads that share a key head share its factors. */
export function spreadFactors({ attention }: Block, stage: Stage, factors: Float32Array): Float32Array {
  const { heads, kvHeads, headDim } = attention;
  if (stage !== 'output' || heads === kvHeads) return factors;
  const group = heads / kvHeads;
  return Float32Array.from({ length: factors.length * group }, (_, i) => {
    const head = Math.floor(i / (headDim * group));
    return factors[head * headDim + (i % headDim)] as number;
  });
}

/** Whether what produces {down}'s input can take a division: the activation is gated, or ReLU. */
export function passesFactors({ mlp }: Block): boolean {
  return mlp.activation === 'relu' || mlp.inputs.some(({ parts }) => parts.includes('gate'));
}

/**
 * Multiplies the columns of a stage's linears by positive factors and divides what produces their input: the norm before
 * {q, k, v} and {gate, up}; the value rows before {o}, one factor for all query heads of a key head; the up rows before
 * {down} where the activation lets a factor through. Exact. `factors` has the producer's length: hidden,
 * kvHeads * headDim, or the MLP's width. Throws EDIT_REFUSED where nothing can take the division.
 */
export function scaleStage(draft: ModelDraft, block: Block, stage: Stage, factors: ArrayLike<number>): void {
  const { attention, mlp } = block;
  requirePlainInputs(draft, stageLinears(block, stage));
  const inverse = Float32Array.from(factors, (factor) => 1 / factor);
  if (stage === 'attention' || stage === 'mlp') {
    checkNormStage(block, stage);
    scaleNorm(draft, stage === 'attention' ? block.attentionNorm : block.mlpNorm, inverse);
  } else if (stage === 'output') {
    requirePlainOutputs(draft, attention.inputs);
    const { linear, first } = locatePart(attention.inputs, 'value', (part) => partRows(attention, part));
    scaleRows(draft, linear, first, inverse);
  } else {
    if (!passesFactors(block)) refuse(mlp.down.name, `${mlp.activation} before it does not let a factor through`);
    requirePlainOutputs(draft, mlp.inputs);
    const { linear, first } = locatePart(mlp.inputs, 'up', () => mlp.down.cols);
    scaleRows(draft, linear, first, inverse);
  }
  const spread = spreadFactors(block, stage, Float32Array.from(factors));
  for (const linear of stageLinears(block, stage)) scaleCols(draft, linear, spread);
}

/** Multiplies a linear's columns by positive factors, `[cols]`, and divides its input in the forward pass. Exact. */
export function scaleInput(draft: ModelDraft, linear: Linear, factors: Float32Array): void {
  const site = `${linear.name}.input` as const;
  draft.setOperators(site, [...draft.operators(site), { kind: 'scale', factors: factors.map((factor) => 1 / factor) }]);
  scaleCols(draft, linear, factors);
}

/** Throws EDIT_REFUSED where no norm lies before {q, k, v} or {gate, up}. */
export function checkNormStage(
  { normPlacement, attentionNorm, mlpNorm }: Block,
  stage: Extract<Stage, 'attention' | 'mlp'>,
): void {
  if (normPlacement === 'post')
    refuse(
      (stage === 'attention' ? attentionNorm : mlpNorm).name,
      'the linears read the residual stream itself, whose other readers would be scaled too',
    );
}

function scaleNorm(draft: ModelDraft, { weight, bias, unitOffset }: Norm, factors: Float32Array): void {
  const offset = unitOffset ? 1 : 0;
  draft.edit(weight.tensor, (values) => values.map((w, i) => (w + offset) * (factors[i] as number) - offset));
  if (bias) draft.edit(bias.tensor, (values) => values.map((b, i) => b * (factors[i] as number)));
}
