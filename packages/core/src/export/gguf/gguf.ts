import { join } from 'node:path';
import { readTensorBytes } from '../../artifact/tensor-bytes.js';
import { LowbitError } from '../../errors.js';
import { isFloatDtype } from '../../model/dtype.js';
import { widen } from '../../model/widen.js';
import { refuse } from '../format.js';
import type { ExportFormat, ExportSource } from '../format.js';
import { plainTensors, readFittingConfig } from '../hugging-face-folder.js';
import { readCodes } from '../layer-grid.js';
import type { LayerGrid, LayerPlan } from '../layer-grid.js';
import { halfScales, requireGroupsInOrder, requireNoOperators, requireWholeGroups } from '../requirements.js';
import { bytesOf, words16 } from '../transpose.js';
import { describeDecoder, findArchitecture, nameTensors, ropeFactors } from './architecture.js';
import { blockSize, blockTypeOf, packBlocks } from './blocks.js';
import type { BlockType } from './blocks.js';
import { writeGguf } from './container.js';
import type { GgufTensor } from './container.js';
import { describeTokenizer } from './tokenizer.js';

const name = 'gguf';
const fileTypes: Record<BlockType, number> = { Q4_0: 2, Q4_1: 3, Q8_0: 7 };

/**
 * One file for llama.cpp. Symmetric codes of up to 4 bits are Q4_0, wider ones Q8_0, asymmetric ones of up to 4 bits
 * Q4_1, all with a float16 scale for 32 weights, which larger groups repeat. Everything else stays as stored; vectors are
 * float32, as llama.cpp asks.
 */
export const gguf: ExportFormat = {
  name,
  description: 'one GGUF file for llama.cpp: Q4_0, Q4_1, Q8_0 by grid (llama, mistral, qwen2, qwen3)',
  limits: { halfScales: true, decodesTo: 'float32' },
  checkPlan(plan) {
    const { layers, decoder } = plan;
    requireNoOperators(name, plan);
    findArchitecture(decoder);
    requireWholeGroups(name, layers);
    requireGroupsInOrder(name, layers);
    for (const layer of layers) checkGrid(layer);
    if (layers.length === 0)
      refuse(name, 'no layer is quantized', 'quantize the checkpoint by a recipe that ends in a grid');
  },
  async check({ layers, decoder, artifact, kernels }) {
    for (const layer of layers) await halfScales(name, layer, kernels);
    const { config } = await readFittingConfig(name, artifact);
    ropeFactors(decoder, config);
    await describeTokenizer(artifact.folder, decoder.vocabSize);
  },
  async write(source, folder) {
    const { artifact, layers } = source;
    const { decoder, model } = artifact.record;
    const { config } = await readFittingConfig(name, artifact);
    const names = nameTensors(decoder);
    const types = new Set<BlockType>();
    const moves = new Moves();
    const tensors: GgufTensor[] = [];
    const factors = ropeFactors(decoder, config);
    if (factors)
      tensors.push({
        name: 'rope_freqs.weight',
        type: 'F32',
        shape: [factors.length],
        data: async () => bytesOf(factors),
      });
    tensors.push(...floatTensors(source, names));
    for (const layer of layers) {
      const type = checkGrid(layer);
      types.add(type);
      const { name: own, rowOrder } = names.get(layer.linear.weight.tensor) as { name: string; rowOrder: Int32Array };
      const data = (): Promise<Uint8Array> => packLayer(source, layer, type, rowOrder, moves);
      tensors.push({ name: own, type, shape: [layer.rows, layer.cols], data });
    }
    const [type] = types;
    const metadata = {
      ...describeDecoder(decoder, config),
      'general.name': { type: 'string', value: model.name },
      'general.quantization_version': { type: 'uint32', value: 2 },
      'general.file_type': { type: 'uint32', value: fileTypes[type ?? 'Q4_0'] },
      ...(await describeTokenizer(artifact.folder, decoder.vocabSize)),
    } as const;
    await writeGguf(join(folder, 'model.gguf'), metadata, tensors);
    return [...repeated(layers), ...moves.notes()];
  },
};

/** The block type of a layer. Throws EXPORT_REFUSED. */
function checkGrid(layer: LayerPlan): BlockType {
  const { linear, bits, groupSize, cols } = layer;
  if (groupSize % blockSize !== 0)
    refuse(
      name,
      `${linear.name} has groups of ${groupSize} columns (of ${cols}), and its blocks have 32`,
      'quantize with a groupSize that is a multiple of 32',
    );
  return (
    blockTypeOf(layer) ??
    refuse(
      name,
      `${linear.name} is asymmetric at ${bits} bits, and its only asymmetric type here is Q4_1`,
      'quantize with symmetric=true, or with bits=4',
    )
  );
}

function floatTensors(
  { artifact, kernels }: ExportSource,
  names: ReadonlyMap<string, { name: string; rowOrder: Int32Array | undefined }>,
): GgufTensor[] {
  return plainTensors(artifact).map((stored) => {
    const { dtype, shape } = stored;
    const target = names.get(stored.name);
    if (target === undefined || !isFloatDtype(dtype))
      throw new LowbitError('INTERNAL', `Tensor ${stored.name} (${dtype}) has no name in a GGUF file.`);
    const { name: own, rowOrder } = target;
    const read = async (): Promise<Uint8Array> => orderRows(await readTensorBytes(stored), shape[0] ?? 1, rowOrder);
    if (shape.length > 1) return { name: own, type: dtype, shape, data: read };
    return { name: own, type: 'F32', shape, data: async () => bytesOf(await widen(await read(), dtype, kernels)) };
  });
}

function orderRows(bytes: Uint8Array, rows: number, order: Int32Array | undefined): Uint8Array {
  if (order === undefined) return bytes;
  const width = bytes.length / rows;
  const ordered = new Uint8Array(bytes.length);
  for (const [to, from] of order.entries()) ordered.set(bytes.subarray(from * width, (from + 1) * width), to * width);
  return ordered;
}

async function packLayer(
  { artifact, kernels }: ExportSource,
  layer: LayerGrid,
  type: BlockType,
  rowOrder: Int32Array | undefined,
  moves: Moves,
): Promise<Uint8Array> {
  const codes = await readCodes(artifact, layer, kernels);
  const scales = words16(await halfScales(name, layer, kernels));
  if (type !== 'Q4_1') return packBlocks(layer, { type, codes, scales, offsets: undefined }, rowOrder);
  const offsets = layer.scales.map((scale, i) => -scale * (layer.zeroPoints[i] as number));
  const stored = await kernels.narrow(offsets, 'F16');
  moves.add(layer, offsets, await kernels.widen(stored, 'F16'));
  return packBlocks(layer, { type, codes, scales, offsets: words16(stored) }, rowOrder);
}

/** Q4_1 stores -zeroPoint * scale in float16, which has 11 bits: the only place where an export moves weights. */
class Moves {
  #largest = 0;
  #layer = '';

  add({ linear, scales }: LayerGrid, exact: Float32Array, stored: Float32Array): void {
    for (const [i, scale] of scales.entries()) {
      const steps = Math.abs((exact[i] as number) - (stored[i] as number)) / scale;
      if (steps > this.#largest) [this.#largest, this.#layer] = [steps, linear.name];
    }
  }

  notes(): string[] {
    if (this.#largest === 0) return [];
    return [
      `Q4_1 stores -zeroPoint * scale as float16: weights move by up to ${this.#largest.toPrecision(2)} of a step (${this.#layer}).`,
    ];
  }
}

function repeated(layers: readonly LayerGrid[]): string[] {
  const size = Math.max(...layers.map(({ groupSize }) => groupSize));
  if (size === blockSize) return [];
  return [`Groups of up to ${size} columns repeat their scale for each 32: the file is larger than the artifact.`];
}
