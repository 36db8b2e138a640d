import { LowbitError, nearestName } from '../errors.js';
import { ConfigReader } from './config-reader.js';
import type { Block, Decoder, Embedding, Linear, Norm, TensorView } from './decoder.js';
import { blockLinears } from './decoder.js';
import { families } from './families/index.js';
import type { Family, TensorNames } from './families/index.js';
import { show } from './json.js';
import type { JsonObject } from './json.js';
import { neutralKeys } from './neutral-keys.js';

/**
 * The Decoder that a config describes. `tensors` says which names are stored (prefixes differ between files of one
 * family); `source` names the config in errors: CONFIG_FAMILY, CONFIG_VALUE, CONFIG_KEY.
 */
export function readDecoder(config: JsonObject, tensors: TensorNames, source: string): Decoder {
  const family = findFamily(config, source);
  const reader = new ConfigReader(config, source);
  const decoder = family.decoder(reader, tensors);
  reader.finish(family.name, neutralKeys, family.neutralKeys ?? {});
  return decoder;
}

export function findFamily(config: JsonObject, source: string): Family {
  const { model_type: type, architectures } = config;
  const known = families.flatMap((family) => family.modelTypes);
  const family = families.find(({ modelTypes }) => modelTypes.some((name) => name === type));
  if (!family) {
    const near = typeof type === 'string' ? nearestName(type, known) : undefined;
    const hint = near === undefined ? '' : `; ${near} is nearest, but its arithmetic may differ`;
    throw new LowbitError(
      'CONFIG_FAMILY',
      `"model_type" in ${source} must be one of ${known.join(', ')}, and it is ${show(type)}${hint}.`,
    );
  }
  const isKnown = (name: unknown): boolean => family.architectures.some((known) => known === name);
  const isGiven = Array.isArray(architectures) && architectures.length > 0;
  if (isGiven && !architectures.some(isKnown))
    throw new LowbitError(
      'CONFIG_FAMILY',
      `"architectures" in ${source} must name one of ${family.architectures.join(', ')}, and it is ${show(architectures)}.`,
    );
  return family;
}

/** Every tensor that the decoder's forward pass uses, each once. */
export function decoderTensors(decoder: Decoder): TensorView[] {
  const { embedding, blocks, head } = decoder;
  const views = [
    ...embeddingTensors(embedding),
    ...blocks.flatMap(blockTensors),
    ...endTensors(decoder),
    head.weight,
    ...(head.bias ? [head.bias] : []),
  ];
  return [...new Map(views.map((view) => [view.tensor, view])).values()];
}

/** Every parameter of a block. */
export function blockTensors(block: Block): TensorView[] {
  const { attentionNorm, attention, mlpNorm } = block;
  return [
    ...[attentionNorm, attention.queryNorm, attention.keyNorm, mlpNorm].flatMap(normTensors),
    ...blockLinears(block).flatMap(linearTensors),
  ];
}

/** Every tensor between token ids and block 0. */
export function embeddingTensors({ token, position, projection, norm }: Embedding): TensorView[] {
  return [token, ...(position ? [position.table] : []), ...linearTensors(projection), ...normTensors(norm)];
}

/** Every tensor between the last block and the head. */
export function endTensors({ finalNorm, outputProjection }: Decoder): TensorView[] {
  return [...normTensors(finalNorm), ...linearTensors(outputProjection)];
}

function normTensors(norm: Norm | undefined): TensorView[] {
  return norm ? [norm.weight, ...(norm.bias ? [norm.bias] : [])] : [];
}

function linearTensors(linear: Linear | undefined): TensorView[] {
  return linear ? [linear.weight, ...(linear.bias ? [linear.bias] : [])] : [];
}
