import type { Kernels } from '@lowbit/kernels';
import { refuse } from './format.js';
import type { ExportPlan } from './format.js';
import type { LayerGrid, LayerPlan } from './layer-grid.js';

/** What happens in the forward pass is no part of a weight-only file. */
export function requireNoOperators(format: string, { operators }: ExportPlan): void {
  const [site] = Object.entries(operators).filter(([, list]) => list.length > 0);
  if (site === undefined) return;
  const [name, list] = site;
  refuse(
    format,
    `the recipe computes ${list.map(({ kind }) => String(kind)).join(', ')} at ${name} in the forward pass, and the files hold weights only`,
    withoutOperators(list),
  );
}

/** The remedy for operators that files cannot hold. */
export function withoutOperators(operators: readonly { kind: unknown }[]): string {
  const isScaled = operators.some(({ kind }) => kind === 'scale');
  return `${isScaled ? 'set awq(online=false), or ' : ''}leave that step out of the recipe, or export to onnx`;
}

export function requireAllEncoded(format: string, { floats }: ExportPlan): void {
  const [first] = floats;
  if (first === undefined) return;
  refuse(
    format,
    `${first.name} stays float, and its config cannot say which layers do`,
    'quantize it too, or export to compressed-tensors',
  );
}

export function requireBits(format: string, layers: readonly LayerPlan[], known: readonly number[]): void {
  const other = layers.find(({ bits }) => !known.includes(bits));
  if (other)
    refuse(
      format,
      `${other.linear.name} has ${other.bits} bits, and the format has ${known.join(', ')}`,
      `quantize with bits=${known.at(-1)}`,
    );
}

/** One width and one group size for all layers, as a single global entry of a config says. */
export function requireUniform(format: string, layers: readonly LayerPlan[]): { bits: number; groupSize: number } {
  const [first] = layers;
  if (first === undefined)
    refuse(format, 'no layer is quantized', 'quantize the checkpoint by a recipe that ends in a grid');
  const groupSize = Math.max(...layers.map(nominalGroupSize));
  for (const layer of layers) {
    if (layer.bits !== first.bits)
      refuse(
        format,
        `${layer.linear.name} has ${layer.bits} bits and ${first.linear.name} ${first.bits}, and its config has one entry for all`,
        'quantize all layers alike, or export to compressed-tensors',
      );
    // A layer with fewer columns than a group is one group in every loader.
    const fits = nominalGroupSize(layer) === groupSize || (layer.groups === 1 && layer.cols <= groupSize);
    if (!fits)
      refuse(
        format,
        `${layer.linear.name} has groupSize ${nominalGroupSize(layer)} and others ${groupSize}, and its config has one entry for all`,
        'quantize all layers alike, or export to compressed-tensors',
      );
  }
  return { bits: first.bits, groupSize };
}

/** -1 where a row has one scale, as the configs of GPTQ and AWQ write it. */
function nominalGroupSize({ granularity, groupSize }: LayerPlan): number {
  return granularity === 'group' ? groupSize : -1;
}

export function requireWholeGroups(format: string, layers: readonly LayerPlan[]): void {
  const short = layers.find(({ cols, groupSize }) => cols % groupSize !== 0);
  if (short)
    refuse(
      format,
      `groupSize ${short.groupSize} leaves a shorter last group in the ${short.cols} columns of ${short.linear.name}`,
      'quantize with a groupSize that divides them',
    );
}

export function requireGroupsInOrder(format: string, layers: readonly LayerPlan[]): void {
  const indexed = layers.find(({ groupIndex }) => groupIndex !== undefined);
  if (indexed)
    refuse(
      format,
      `the groups of ${indexed.linear.name} do not lie in order (actOrder=group), and the format has no group index`,
      'quantize with actOrder=static, or export to gptq or compressed-tensors',
    );
}

/** Linears that are stored as transposed Conv1D (GPT-2) are no linear layer to most loaders. */
export function requirePlainLinears(format: string, layers: readonly LayerPlan[]): void {
  const convolution = layers.find(({ linear }) => linear.weight.transposed);
  if (convolution)
    refuse(
      format,
      `${convolution.linear.name} is a Conv1D module (GPT-2), and its loaders replace linear modules only`,
      'export to gptq or onnx',
    );
}

/** Scales as float16 bytes, `[rows, groups]`. Refused where rounding would move a weight without a word. */
export async function halfScales(format: string, layer: LayerGrid, kernels: Kernels): Promise<Uint8Array> {
  const { storedScales, scales, linear } = layer;
  if (storedScales.dtype === 'F16' && storedScales.data.length === 2 * scales.length) return storedScales.data;
  const bytes = await kernels.narrow(scales, 'F16');
  const widened = await kernels.widen(bytes, 'F16');
  const moved = scales.findIndex((scale, i) => scale !== widened[i]);
  if (moved >= 0)
    refuse(
      format,
      `scales are float16, and scale ${scales[moved]} of ${linear.name} is not (scaleType=${storedScales.dtype === 'F32' ? 'float32' : 'bfloat16'})`,
      'quantize with scaleType=float16',
    );
  return bytes;
}
