import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTensorBytes } from '../artifact/tensor-bytes.js';
import { weightsFile } from '../artifact/artifact.js';
import type { Artifact } from '../artifact/artifact.js';
import { tensorBytes } from '../model/dtype.js';
import { readJsonObject } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import { decoderTensors } from '../model/read-decoder.js';
import { writeSafetensors } from '../model/safetensors-write.js';
import type { NewTensor } from '../model/safetensors-write.js';
import type { StoredTensor } from '../model/safetensors.js';
import { fitConfig } from './fit-config.js';
import { refuse } from './format.js';
import type { ExportSource } from './format.js';

const copied = ['generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];

const torchDtypes: Readonly<Record<string, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** The artifact's config.json, with what edits changed. Throws EXPORT_REFUSED. */
export async function readFittingConfig(format: string, artifact: Artifact): Promise<ReturnType<typeof fitConfig>> {
  const config = await readJsonObject(join(artifact.folder, 'config.json'), 'CONFIG_VALUE');
  if (config === undefined)
    return refuse(format, `${artifact.folder} has no config.json`, 'quantize the checkpoint again');
  return fitConfig(format, config, artifact.record.decoder);
}

/**
 * A folder in Hugging Face layout: encoded linears as `tensors`, everything else as the artifact stores it. `dtype` in
 * its config is the narrowest that holds every float tensor and the scales exactly, because loaders cast to it.
 */
export async function writeHuggingFaceFolder(
  format: string,
  { artifact, layers, kernels }: ExportSource,
  folder: string,
  tensors: readonly NewTensor[],
  quantization: JsonObject,
): Promise<void> {
  const { config, zeroBiases } = await readFittingConfig(format, artifact);
  const plain = plainTensors(artifact);
  const dtypes = new Set(plain.map(({ dtype }) => dtype));
  const [only = 'F32'] = dtypes;
  const isNarrow = dtypes.size === 1 && (only === 'F16' || only === 'BF16');
  const scales = layers.map((layer) => layer.scales);
  const fits = isNarrow && (await Promise.all(scales.map((each) => holds(each, only, kernels)))).every(Boolean);
  const zeros = zeroBiases.map(({ tensor, shape }): NewTensor => {
    const dtype = isNarrow ? only : 'F32';
    return { name: tensor, dtype, shape, data: new Uint8Array(tensorBytes(dtype, shape) ?? 0) };
  });
  const stored = plain.map((tensor): NewTensor => ({ ...tensor, data: () => readTensorBytes(tensor) }));
  await writeSafetensors(join(folder, weightsFile), [...stored, ...zeros, ...tensors], { format: 'pt' });
  const { dtype: _, ...rest } = config;
  const written = { ...rest, torch_dtype: torchDtypes[fits ? only : 'F32'], quantization_config: quantization };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(written, undefined, 2)}\n`);
  await copyTokenizer(artifact.folder, folder);
}

export async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const name of copied)
    await copyFile(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
}

/** What the decoder uses and no method encoded. */
export function plainTensors({ record, tensors }: Artifact): StoredTensor[] {
  const views = decoderTensors(record.decoder).filter(({ tensor }) => record.weights[tensor] === undefined);
  return views.flatMap(({ tensor }) => tensors.get(tensor) ?? []);
}

async function holds(values: Float32Array, dtype: 'F16' | 'BF16', kernels: ExportSource['kernels']): Promise<boolean> {
  const widened = await kernels.widen(await kernels.narrow(values, dtype), dtype);
  return values.every((value, i) => value === widened[i]);
}
