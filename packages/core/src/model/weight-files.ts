import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError } from '../errors.js';
import { isJsonObject, readJsonObject, show } from './json.js';
import { readSafetensorsHeader } from './safetensors.js';
import type { StoredTensor } from './safetensors.js';

export interface WeightFiles {
  /** Real paths in the order of their names in the checkpoint. */
  files: string[];
  tensors: Map<string, StoredTensor>;
}

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/**
 * The tensors of a checkpoint: `model.safetensors`, or the shards that `model.safetensors.index.json` lists (as in
 * transformers, the single file wins where both are there). Errors: CHECKPOINT_MISSING, CHECKPOINT_HEADER,
 * CHECKPOINT_TENSOR.
 */
export async function readWeightFiles(directory: string): Promise<WeightFiles> {
  const single = join(directory, SINGLE);
  if (await exists(single)) {
    const { file, tensors } = await readSafetensorsHeader(single);
    return { files: [file], tensors };
  }
  const index = join(directory, INDEX);
  const content = await readJsonObject(index, 'CHECKPOINT_HEADER');
  if (content) return readShards(directory, index, content.weight_map);
  const hint = (await exists(join(directory, 'pytorch_model.bin')))
    ? 'its pytorch_model.bin is not read: convert it to safetensors'
    : 'fetch it, or name another directory';
  throw new LowbitError(
    'CHECKPOINT_MISSING',
    `${directory} must hold ${SINGLE} or ${INDEX}, and has neither; ${hint}.`,
  );
}

async function readShards(directory: string, index: string, map: unknown): Promise<WeightFiles> {
  const shardOf = readWeightMap(index, map);
  const files: string[] = [];
  const tensors = new Map<string, StoredTensor>();
  for (const shard of [...new Set(shardOf.values())].sort()) {
    const content = await readSafetensorsHeader(join(directory, shard));
    files.push(content.file);
    for (const [name, tensor] of content.tensors) {
      if (shardOf.get(name) !== shard)
        throw new LowbitError(
          'CHECKPOINT_TENSOR',
          `Tensor "${name}" lies in ${shard}, and ${index} puts it in ${shardOf.get(name) ?? 'no shard'}.`,
        );
      tensors.set(name, tensor);
    }
  }
  for (const [name, shard] of shardOf)
    if (!tensors.has(name))
      throw new LowbitError('CHECKPOINT_TENSOR', `${index} puts tensor "${name}" in ${shard}, and it is not there.`);
  return { files, tensors };
}

function readWeightMap(index: string, map: unknown): Map<string, string> {
  if (!isJsonObject(map))
    throw new LowbitError('CHECKPOINT_HEADER', `"weight_map" in ${index} must be an object, and it is ${show(map)}.`);
  const shards = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    // A plain name: an index must not lead outside its own directory.
    if (typeof shard !== 'string' || !/^[\w][\w.-]*\.safetensors$/.test(shard))
      throw new LowbitError(
        'CHECKPOINT_HEADER',
        `${index} must put tensor "${name}" in a safetensors file beside it, and names ${show(shard)}.`,
      );
    shards.set(name, shard);
  }
  return shards;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
