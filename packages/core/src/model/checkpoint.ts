import { open, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import { LowbitError } from '../errors.js';
import { digestCheckpoint } from './checkpoint-digest.js';
import type { Decoder } from './decoder.js';
import { blockLinears } from './decoder.js';
import { floatDtypes, isFloatDtype } from './dtype.js';
import type { FloatDtype } from './dtype.js';
import { readJsonObject } from './json.js';
import type { JsonObject } from './json.js';
import { readBytes } from './read-bytes.js';
import { decoderTensors, findFamily, readDecoder } from './read-decoder.js';
import type { StoredTensor } from './safetensors.js';
import { readWeightFiles } from './weight-files.js';
import { widen } from './widen.js';

/** A stored tensor that widens to float32. */
export interface FloatTensor extends StoredTensor {
  dtype: FloatDtype;
}

/** What reading a checkpoint needs of the kernels. */
export type CheckpointKernels = Pick<Kernels, 'widen' | 'sha256File'>;

/** The float model as it came: weights, config, and the decoder that they describe. Data is read when asked for. */
export interface Checkpoint {
  /** Real path. */
  directory: string;
  /** Last part of the path, for tables. */
  name: string;
  config: JsonObject;
  decoder: Decoder;
  /** Real paths of the weight files, in the order of their names. */
  files: readonly string[];
  /** The tensors that the decoder uses, by name. */
  tensors: ReadonlyMap<string, FloatTensor>;
  /** A tensor widened to float32, in stored order (row-major). */
  read(name: string): Promise<Float32Array>;
  /** sha256 over weight files, config and tokenizer. Computed once a file and remembered (`file-facts.ts`). */
  digest(): Promise<string>;
  /** Weights of the tensors used; tied ones count once. */
  parameters: number;
  /** Stored bits per weight of the blocks' linears: 16 for bf16. */
  bitsPerWeight: number;
}

/**
 * Opens a Hugging Face directory and checks it against its config, reading headers only. Errors: CHECKPOINT_MISSING,
 * CHECKPOINT_HEADER, CHECKPOINT_TENSOR, CHECKPOINT_SHAPE, CONFIG_FAMILY, CONFIG_KEY, CONFIG_VALUE.
 */
export async function openCheckpoint(path: string, kernels: CheckpointKernels): Promise<Checkpoint> {
  const directory = await realpath(path).catch(() => undefined);
  if (directory === undefined || !(await stat(directory)).isDirectory())
    throw new LowbitError(
      'CHECKPOINT_MISSING',
      `${path} must be a directory in Hugging Face layout, and there is none.`,
    );
  const source = join(directory, 'config.json');
  const config = await readJsonObject(source, 'CONFIG_VALUE');
  if (!config)
    throw new LowbitError(
      'CHECKPOINT_MISSING',
      `${directory} must hold config.json, and does not; name another directory.`,
    );
  // Before the weights: an unsupported family should not be reported as a missing file.
  const { unusedTensors = [] } = findFamily(config, source);
  const { files, tensors: stored } = await readWeightFiles(directory);
  const decoder = readDecoder(config, stored, source);
  const tensors = checkTensors(decoder, stored, unusedTensors);
  let digest: Promise<string> | undefined;
  return {
    directory,
    name: basename(resolve(path)),
    config,
    decoder,
    files,
    tensors,
    read: (name) => readTensor(tensors, name, kernels),
    digest: () => (digest ??= digestCheckpoint(directory, files, kernels)),
    parameters: countWeights(tensors.values()),
    bitsPerWeight: storedBits(decoder, tensors),
  };
}

/** Every tensor of the decoder as stored, with the config's shape and a float dtype; nothing else may be there. */
function checkTensors(
  decoder: Decoder,
  stored: ReadonlyMap<string, StoredTensor>,
  unused: readonly RegExp[],
): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>();
  for (const view of decoderTensors(decoder)) {
    const found = stored.get(view.tensor);
    if (!found)
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `The config asks for tensor "${view.tensor}" of shape [${view.shape.join(', ')}], and no weight file has it.`,
      );
    const { dtype, shape } = found;
    if (shape.length !== view.shape.length || shape.some((size, axis) => size !== view.shape[axis]))
      throw new LowbitError(
        'CHECKPOINT_SHAPE',
        `Tensor "${view.tensor}" must have the config's shape [${view.shape.join(', ')}], and it is stored as [${shape.join(', ')}] in ${found.file}; config and weights do not belong together.`,
      );
    if (!isFloatDtype(dtype))
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `Tensor "${view.tensor}" must be stored as ${floatDtypes.join(', ')}, and it is ${dtype} in ${found.file}.`,
      );
    tensors.set(view.tensor, { ...found, dtype });
  }
  for (const { name, file } of stored.values()) {
    const isKnown = tensors.has(name) || unused.some((pattern) => pattern.test(name));
    // Tied weights are often stored twice; the embedding's copy counts.
    if (isKnown || (decoder.head.tied && name === 'lm_head.weight')) continue;
    throw new LowbitError(
      'CHECKPOINT_TENSOR',
      `Tensor "${name}" in ${file} has no place in the ${decoder.blocks.length} ${decoder.family} blocks that the config describes, so the two do not belong together.`,
    );
  }
  return tensors;
}

async function readTensor(
  tensors: ReadonlyMap<string, FloatTensor>,
  name: string,
  kernels: CheckpointKernels,
): Promise<Float32Array> {
  const tensor = tensors.get(name);
  if (!tensor) throw new RangeError(`The decoder uses no tensor "${name}".`);
  const handle = await open(tensor.file);
  try {
    return await widen(await readBytes(handle, tensor.offset, tensor.bytes, tensor.file), tensor.dtype, kernels);
  } finally {
    await handle.close();
  }
}

function countWeights(tensors: Iterable<StoredTensor>): number {
  let sum = 0;
  for (const { shape } of tensors) sum += shape.reduce((product, size) => product * size, 1);
  return sum;
}

function storedBits(decoder: Decoder, tensors: ReadonlyMap<string, StoredTensor>): number {
  const names = new Set(decoder.blocks.flatMap(blockLinears).map(({ weight }) => weight.tensor));
  const weights = [...tensors.values()].filter(({ name }) => names.has(name));
  return (8 * weights.reduce((sum, { bytes }) => sum + bytes, 0)) / countWeights(weights);
}
