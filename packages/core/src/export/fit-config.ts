import { isDeepStrictEqual } from 'node:util';
import { LowbitError } from '../errors.js';
import { blockLinears } from '../model/decoder.js';
import type { Decoder, TensorView } from '../model/decoder.js';
import type { JsonObject } from '../model/json.js';
import { decoderTensors, readDecoder } from '../model/read-decoder.js';
import { refuse } from './format.js';

/** Switches that give linears a bias; families that do not know one refuse it. */
const patches: readonly JsonObject[] = [
  {},
  { attention_bias: true },
  { mlp_bias: true },
  { attention_bias: true, mlp_bias: true },
];

/**
 * The checkpoint's config with what edits changed: an untied head, biases. A config fits when reading it gives the
 * artifact's own decoder, so a change that no config can say is found here. Biases that the config then asks for and
 * the artifact does not have are zeros. Throws EXPORT_REFUSED.
 */
export function fitConfig(
  format: string,
  config: JsonObject,
  decoder: Decoder,
): { config: JsonObject; zeroBiases: TensorView[] } {
  const names = new Set(decoderTensors(decoder).map(({ tensor }) => tensor));
  const tied = { ...config, tie_word_embeddings: decoder.head.tied };
  let difference = 'it';
  for (const [i, patch] of patches.entries()) {
    const patched = { ...tied, ...patch };
    const described = tryRead(patched, names);
    if (described === undefined) continue;
    const { completed, added } = addBiases(decoder, described);
    const [mine, theirs] = [completed, described].map((value) => JSON.parse(JSON.stringify(value)) as unknown);
    if (isDeepStrictEqual(mine, theirs)) return { config: patched, zeroBiases: added };
    if (i === 0) difference = findDifference(mine, theirs) ?? difference;
  }
  return refuse(
    format,
    `the recipe changed the model in a way that no ${decoder.family} config can say (${difference})`,
    'leave that step out of the recipe, or export to onnx',
  );
}

function tryRead(config: JsonObject, names: ReadonlySet<string>): Decoder | undefined {
  try {
    return readDecoder(config, names, 'config.json');
  } catch (error) {
    if (error instanceof LowbitError) return undefined;
    throw error;
  }
}

function addBiases(decoder: Decoder, wanted: Decoder): { completed: Decoder; added: TensorView[] } {
  const completed = structuredClone(decoder);
  const added: TensorView[] = [];
  const linears = wanted.blocks.flatMap(blockLinears);
  for (const [i, linear] of completed.blocks.flatMap(blockLinears).entries()) {
    const bias = linears[i]?.bias;
    if (linear.bias !== undefined || bias === undefined) continue;
    linear.bias = bias;
    added.push(bias);
  }
  return { completed, added };
}

/** Path of the first value that differs. */
function findDifference(a: unknown, b: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path;
  const [left, right] = [a as JsonObject, b as JsonObject];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = findDifference(left[key], right[key], path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return path;
}
