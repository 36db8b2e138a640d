import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTensorBytes } from '../artifact/tensor-bytes.js';
import { weightsFile } from '../artifact/artifact.js';
import type { Artifact } from '../artifact/artifact.js';
import type { FloatType } from '../draft/operators.js';
import { tensorBytes } from '../model/dtype.js';
import { readJsonObject } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import { decoderTensors } from '../model/read-decoder.js';
import { writeSafetensors } from '../model/safetensors-write.js';
import type { NewTensor } from '../model/safetensors-write.js';
import type { StoredTensor } from '../model/safetensors.js';
import { fitConfig } from './fit-config.js';
import { refuse } from './format.js';
import type { ExportFormat, ExportSource } from './format.js';
import type { LayerPlan } from './layer-grid.js';

const copied = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
];

const torchDtypes: Readonly<Record<'F32' | 'F16' | 'BF16', FloatType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** The artifact's config.json, with what edits changed. Throws EXPORT_REFUSED. */
export async function readFittingConfig(format: string, artifact: Artifact): Promise<ReturnType<typeof fitConfig>> {
  const config = await readJsonObject(join(artifact.folder, 'config.json'), 'CONFIG_VALUE');
  if (config === undefined)
    return refuse(format, `${artifact.folder} has no config.json`, 'quantize the checkpoint again');
  return fitConfig(format, config, artifact.record.decoder);
}

/**
 * A folder in Hugging Face layout: encoded linears as `tensors`, everything else as the artifact stores it, `dtype` in its
 * config that of `loadedDtype`; `otherScales` are those beside the layers' own.
 */
export async function writeHuggingFaceFolder(
  format: string,
  source: ExportSource,
  folder: string,
  tensors: readonly NewTensor[],
  quantization: JsonObject,
  otherScales: Float32Array = new Float32Array(),
): Promise<void> {
  const { artifact } = source;
  const { config, zeroBiases } = await readFittingConfig(format, artifact);
  const plain = plainTensors(artifact);
  const only = onlyDtype(plain);
  const zeros = zeroBiases.map(({ tensor, shape }): NewTensor => {
    return { name: tensor, dtype: only, shape, data: new Uint8Array(tensorBytes(only, shape) ?? 0) };
  });
  const stored = plain.map((tensor): NewTensor => ({ ...tensor, data: () => readTensorBytes(tensor) }));
  await writeSafetensors(join(folder, weightsFile), [...stored, ...zeros, ...tensors], { format: 'pt' });
  const { dtype: _, ...rest } = config;
  const written = {
    ...rest,
    torch_dtype: torchDtypes[await loadedDtype(source, otherScales)],
    quantization_config: quantization,
  };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(written, undefined, 2)}\n`);
  await copyTokenizer(artifact.folder, folder);
}

/** The narrowest dtype that holds every float tensor and the scales exactly: loaders cast to it, decoded weights included. */
async function loadedDtype(
  { artifact, layers, kernels }: ExportSource,
  otherScales: Float32Array = new Float32Array(),
): Promise<'F32' | 'F16' | 'BF16'> {
  const dtype = onlyDtype(plainTensors(artifact));
  if (dtype === 'F32') return dtype;
  const scales = [...layers.map((layer) => layer.scales), otherScales];
  const fits = await Promise.all(scales.map((each) => holds(each, dtype, kernels)));
  return fits.every(Boolean) ? dtype : 'F32';
}

function onlyDtype(tensors: readonly StoredTensor[]): 'F32' | 'F16' | 'BF16' {
  const [only, ...others] = new Set(tensors.map(({ dtype }) => dtype));
  return others.length === 0 && (only === 'F16' || only === 'BF16') ? only : 'F32';
}

/** What decoded weights are rounded to is what loaders round them to. Throws EXPORT_REFUSED. */
export async function requireWeightTypes({ name, limits }: ExportFormat, source: ExportSource): Promise<void> {
  const rounded = source.layers.find(({ weightType }) => weightType !== 'float32');
  if (rounded === undefined) return;
  requireWeightType(name, source.layers, limits.decodesTo ?? torchDtypes[await loadedDtype(source)]);
}

/** Weights that loaders decode as they were scored. */
export function requireWeightType(format: string, layers: readonly LayerPlan[], loaded: string): void {
  const other = layers.find(({ weightType }) => weightType !== loaded);
  if (other)
    refuse(
      format,
      `weights of ${other.linear.name} are rounded to ${other.weightType}, and its loaders would decode them to ${loaded}`,
      `quantize with weightType=${loaded}, or a checkpoint and scaleType of that type`,
    );
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
