import type { NewTensor } from '../model/safetensors-write.js';
import type { JsonObject } from '../model/json.js';
import { readQuantizers } from './compressed-quantizers.js';
import type { ForwardQuantizers } from './compressed-quantizers.js';
import type { ExportFormat, ExportSource } from './format.js';
import { refuse } from './format.js';
import { readFittingConfig, writeHuggingFaceFolder } from './hugging-face-folder.js';
import { readCodes } from './layer-grid.js';
import type { LayerGrid } from './layer-grid.js';
import { requirePlainLinears, requireWholeGroups } from './requirements.js';
import { bytesOf, transposeArray } from './transpose.js';

const name = 'compressed-tensors';

type Format = 'pack-quantized' | 'int-quantized';

/**
 * vLLM's format (methods.md 1.6). `pack-quantized`: `weight_packed` int32 `[rows, ceil(cols / (32 div bits))]`; where all
 * layers have 8 bits, `int-quantized`: `weight` int8. Codes are signed there: ours minus 2^(bits - 1); the packed fields
 * add it again. Scales keep their dtype. What the recipe rounds in the forward pass is `input_activations` and
 * `kv_cache_scheme`.
 */
export const compressedTensors: ExportFormat = {
  name,
  description: 'compressed-tensors checkpoint of vLLM and transformers: pack-quantized, 8 bits int-quantized',
  limits: { halfScales: false },
  checkPlan(plan) {
    const { layers } = plan;
    readQuantizers(plan);
    requirePlainLinears(name, layers);
    requireWholeGroups(name, layers);
    if (layers.length === 0)
      refuse(name, 'no layer is quantized', 'quantize the checkpoint by a recipe that ends in a grid');
  },
  async check({ artifact }) {
    await readFittingConfig(name, artifact);
  },
  async write(source, folder) {
    const { layers, floats } = source;
    const tensors: NewTensor[] = [];
    const format = layers.every(({ bits }) => bits === 8) ? 'int-quantized' : 'pack-quantized';
    for (const layer of layers) tensors.push(...(await layerTensors(source, layer, format)));
    const quantizers = readQuantizers(source);
    tensors.push(...quantizers.tensors);
    await writeHuggingFaceFolder(
      name,
      source,
      folder,
      tensors,
      {
        quant_method: 'compressed-tensors',
        quantization_status: 'compressed',
        format,
        ignore: ['lm_head', ...floats.map((linear) => linear.name)],
        kv_cache_scheme: quantizers.cache,
        config_groups: describeGroups(layers, quantizers, format),
      },
      quantizers.scales,
    );
    return [];
  },
};

/** The layers of one grid, and of one for their inputs, are a group; one group names their class, several name modules. */
function describeGroups(layers: readonly LayerGrid[], { inputs }: ForwardQuantizers, format: Format): JsonObject {
  const groups = new Map<string, { weights: JsonObject; input: JsonObject | null; names: string[] }>();
  for (const layer of layers) {
    const weights = describeGrid(layer);
    const input = inputs.get(layer.linear.name) ?? null;
    const key = JSON.stringify([weights, input]);
    const group = groups.get(key) ?? { weights, input, names: [] };
    group.names.push(layer.linear.name);
    groups.set(key, group);
  }
  const entries = [...groups.values()].map(({ weights, input, names }, i) => {
    const targets = groups.size === 1 ? ['Linear'] : names;
    return [`group_${i}`, { targets, weights, input_activations: input, output_activations: null, format }] as const;
  });
  return Object.fromEntries(entries);
}

function describeGrid({ bits, symmetric, granularity, groupSize, groupIndex }: LayerGrid): JsonObject {
  return {
    num_bits: bits,
    type: 'int',
    symmetric,
    strategy: granularity,
    group_size: granularity === 'group' ? groupSize : null,
    dynamic: false,
    actorder: groupIndex ? 'group' : null,
  };
}

async function layerTensors(
  { artifact, kernels }: ExportSource,
  layer: LayerGrid,
  format: Format,
): Promise<NewTensor[]> {
  const { linear, rows, cols, bits, groups, granularity, symmetric, storedScales, groupIndex } = layer;
  const scaleShape = granularity === 'tensor' ? [1] : [rows, groups];
  const half = 2 ** (bits - 1);
  const signed = (fields: Uint8Array): Int8Array => Int8Array.from(fields, (field) => field - half);
  const own = (suffix: string, dtype: NewTensor['dtype'], shape: number[], data: NewTensor['data']): NewTensor => ({
    name: `${linear.name}.${suffix}`,
    dtype,
    shape,
    data,
  });
  const codes = (): Promise<Uint8Array> => readCodes(artifact, layer, kernels);
  const isPacked = format === 'pack-quantized';
  const perWord = Math.floor(32 / bits);
  const tensors = [own('weight_scale', storedScales.dtype, scaleShape, storedScales.data)];
  if (groupIndex) tensors.push(own('weight_g_idx', 'I32', [cols], bytesOf(groupIndex)));
  if (isPacked) {
    const pack = async (): Promise<Uint8Array> => bytesOf(packWords(await codes(), rows, cols, bits));
    tensors.push(own('weight_packed', 'I32', [rows, Math.ceil(cols / perWord)], pack));
    tensors.push(own('weight_shape', 'I64', [2], bytesOf(BigInt64Array.of(BigInt(rows), BigInt(cols)))));
  } else tensors.push(own('weight', 'I8', [rows, cols], async () => bytesOf(signed(await codes()))));
  if (symmetric) return tensors;
  if (isPacked && granularity !== 'tensor') {
    // Along the rows.
    const packed = packWords(transposeArray(layer.zeroPoints, rows, groups), groups, rows, bits);
    const height = Math.ceil(rows / perWord);
    const data = bytesOf(transposeArray(packed, groups, height));
    return [...tensors, own('weight_zero_point', 'I32', [height, groups], data)];
  }
  const zeros = granularity === 'tensor' ? layer.zeroPoints.subarray(0, 1) : layer.zeroPoints;
  return [...tensors, own('weight_zero_point', 'I8', scaleShape, bytesOf(signed(zeros)))];
}

/** Each row to words of `32 div bits` fields, low bits first, padded with zeros. */
function packWords(fields: Uint8Array, rows: number, cols: number, bits: number): Uint32Array {
  const perWord = Math.floor(32 / bits);
  const width = Math.ceil(cols / perWord);
  const words = new Uint32Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) {
      const at = row * width + Math.floor(col / perWord);
      words[at] = ((words[at] as number) | ((fields[row * cols + col] as number) << (bits * (col % perWord)))) >>> 0;
    }
  return words;
}
