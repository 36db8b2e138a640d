import { realpath } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import type { Operators } from '../draft/operators.js';
import { LowbitError } from '../errors.js';
import type { EncodedWeight } from '../formats/format.js';
import { digestCheckpoint } from '../model/checkpoint-digest.js';
import type { FloatTensor } from '../model/checkpoint.js';
import { ConfigReader } from '../model/config-reader.js';
import { blockLinears } from '../model/decoder.js';
import type { Decoder, Linear } from '../model/decoder.js';
import { isFloatDtype } from '../model/dtype.js';
import { isJsonObject, readJsonObject, show } from '../model/json.js';
import { decoderTensors, findFamily, readDecoder } from '../model/read-decoder.js';
import type { StoredTensor } from '../model/safetensors.js';
import { readWeightFiles } from '../model/weight-files.js';
import { LinearTensors } from './import-format.js';
import type { LinearReader } from './import-format.js';
import { importFormats } from './index.js';

/** A checkpoint that another tool quantized, read as simulated weights. */
export interface QuantizedCheckpoint {
  directory: string;
  name: string;
  /** `gptq`, `awq`, `compressed-tensors` */
  method: string;
  bits: number;
  decoder: Decoder;
  files: readonly string[];
  /** What stayed float. */
  tensors: ReadonlyMap<string, FloatTensor>;
  /** By the name that the float weight would have. */
  encoded: ReadonlyMap<string, () => Promise<EncodedWeight>>;
  /** What it rounds in the forward pass. */
  readOperators(): Promise<Operators>;
  digest(): Promise<string>;
  parameters: number;
  bitsPerWeight: number;
}

/**
 * Opens a Hugging Face directory whose config.json has a `quantization_config`; undefined where it has none. Errors:
 * those of `openCheckpoint`.
 */
export async function openQuantizedCheckpoint(
  path: string,
  kernels: Kernels,
): Promise<QuantizedCheckpoint | undefined> {
  const directory = await realpath(path).catch(() => undefined);
  if (directory === undefined) return undefined;
  const source = join(directory, 'config.json');
  const { quantization_config: quantization, ...config } = (await readJsonObject(source, 'CONFIG_VALUE')) ?? {};
  if (quantization === undefined || quantization === null) return undefined;
  const { method, reader } = openSection(quantization, source);
  const { unusedTensors = [] } = findFamily(config, source);
  const { files, tensors: stored } = await readWeightFiles(directory);
  const decoder = readDecoder(config, stored, source);
  const linears = decoder.blocks.flatMap(blockLinears);
  // Some packers store a bias for every layer.
  for (const linear of linears) if (stored.has(`${linear.name}.bias`)) addBias(linear);
  const encodedLinears = linears.filter(({ weight }) => !isFloat(stored.get(weight.tensor)));
  const encoded = new Map(
    encodedLinears.map((linear) => {
      const { rows, cols, weight } = linear;
      if (reader.convolutions !== true) refuseTransposed(linear, source);
      const own = new LinearTensors(linear, stored);
      const read = async () => ({ rows, cols, parts: [await reader.readPart(linear, own, kernels)] });
      return [weight.tensor, read] as const;
    }),
  );
  const used = new Set(encodedLinears.flatMap(({ name }) => reader.suffixes.map((suffix) => `${name}.${suffix}`)));
  for (const tensor of reader.forward?.names(decoder) ?? []) used.add(tensor);
  const tensors = checkTensors(decoder, stored, encoded, used);
  for (const { name, file } of stored.values()) {
    const isKnown = tensors.has(name) || used.has(name) || unusedTensors.some((pattern) => pattern.test(name));
    if (!isKnown && !(decoder.head.tied && name === 'lm_head.weight'))
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `Tensor "${name}" in ${file} has no place in a ${decoder.family} model quantized by ${method}, so config and weights do not belong together.`,
      );
  }
  const weights = linears.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const floats = new Set(linears.map(({ weight }) => weight.tensor));
  const linearBytes = [...stored.values()].reduce(
    (sum, { name, bytes }) => sum + (used.has(name) || floats.has(name) ? bytes : 0),
    0,
  );
  let digest: Promise<string> | undefined;
  return {
    ...{ directory, name: basename(resolve(path)), method, bits: reader.bits, decoder, files, tensors, encoded },
    readOperators: async () => (await reader.forward?.read(decoder, stored, kernels)) ?? new Map(),
    digest: () => (digest ??= digestCheckpoint(directory, files, kernels)),
    parameters: decoderTensors(decoder).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    bitsPerWeight: (8 * linearBytes) / weights,
  };
}

function openSection(quantization: unknown, source: string): { method: string; reader: LinearReader } {
  const method = isJsonObject(quantization) ? quantization['quant_method'] : undefined;
  const format = importFormats.find(({ name }) => name === method);
  if (!isJsonObject(quantization) || format === undefined)
    throw new LowbitError(
      'CONFIG_VALUE',
      `"quantization_config.quant_method" in ${source} must be one of ${importFormats.map(({ name }) => name).join(', ')}, and it is ${show(method)}; name a float checkpoint.`,
    );
  const section = new ConfigReader(quantization, source, 'quantization_config.');
  return { method: format.name, reader: format.read(section, quantization) };
}

function addBias(linear: Linear): void {
  linear.bias ??= { tensor: `${linear.name}.bias`, shape: [linear.rows] };
}

function isFloat(tensor: StoredTensor | undefined): boolean {
  return tensor !== undefined && isFloatDtype(tensor.dtype);
}

function refuseTransposed({ name, weight }: Linear, source: string): void {
  if (weight.transposed)
    throw new LowbitError(
      'CONFIG_VALUE',
      `"quantization_config" in ${source} must quantize linear modules, and ${name} is a Conv1D (GPT-2), which gptq alone takes; name a float checkpoint.`,
    );
}

function checkTensors(
  decoder: Decoder,
  stored: ReadonlyMap<string, StoredTensor>,
  encoded: ReadonlyMap<string, unknown>,
  used: Set<string>,
): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>();
  for (const { tensor, shape } of decoderTensors(decoder)) {
    if (encoded.has(tensor)) continue;
    const found = stored.get(tensor);
    if (found === undefined || !isFloatDtype(found.dtype) || String(found.shape) !== String(shape))
      throw new LowbitError(
        found === undefined ? 'CHECKPOINT_TENSOR' : 'CHECKPOINT_SHAPE',
        `Tensor "${tensor}" must be float of shape [${shape.join(', ')}], and ${found === undefined ? 'no weight file has it' : `it is ${found.dtype} of shape [${found.shape.join(', ')}]`}.`,
      );
    tensors.set(tensor, { ...found, dtype: found.dtype });
    used.delete(tensor);
  }
  return tensors;
}
