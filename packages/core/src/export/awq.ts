import type { NewTensor } from '../model/safetensors-write.js';
import { refuse } from './format.js';
import type { ExportFormat, ExportSource } from './format.js';
import { readFittingConfig, writeHuggingFaceFolder } from './hugging-face-folder.js';
import { readCodes } from './layer-grid.js';
import type { LayerGrid } from './layer-grid.js';
import {
  halfScales,
  requireBits,
  requireGroupsInOrder,
  requireNoOperators,
  requirePlainLinears,
  requireUniform,
  requireWholeGroups,
} from './requirements.js';
import { bytesOf, transposeArray, words16 } from './transpose.js';

const name = 'awq';

/** Nibble i of a word holds output 8c + order[i]. */
const order = [0, 2, 4, 6, 1, 3, 5, 7] as const;

/**
 * AutoAWQ's GEMM layout (methods.md 1.6): `qweight` int32 `[cols, rows / 8]` packed along the outputs in the order above,
 * `qzeros` int32 `[groups, rows / 8]` alike and as they are, `scales` fp16 `[groups, rows]`.
 */
export const awq: ExportFormat = {
  name,
  description: 'AWQ checkpoint in the GEMM layout of AutoAWQ, 4 bits',
  limits: { halfScales: true },
  checkPlan(plan) {
    const { layers } = plan;
    requireNoOperators(name, plan);
    requireBits(name, layers, [4]);
    requireUniform(name, layers);
    requirePlainLinears(name, layers);
    requireWholeGroups(name, layers);
    requireGroupsInOrder(name, layers);
    for (const { rows, linear } of layers)
      if (rows % order.length !== 0)
        refuse(
          name,
          `the ${rows} rows of ${linear.name} are no multiple of 8`,
          'export to compressed-tensors, which pads them',
        );
  },
  async check({ layers, artifact, kernels }) {
    for (const layer of layers) await halfScales(name, layer, kernels);
    await readFittingConfig(name, artifact);
  },
  async write(source, folder) {
    const { layers, floats } = source;
    const { groupSize } = requireUniform(name, layers);
    const tensors: NewTensor[] = [];
    for (const layer of layers) tensors.push(...(await layerTensors(source, layer)));
    await writeHuggingFaceFolder(name, source, folder, tensors, {
      quant_method: 'awq',
      version: 'gemm',
      bits: 4,
      group_size: groupSize,
      // True for symmetric grids as well: their zero point of 8 is stored.
      zero_point: true,
      modules_to_not_convert: floats.length === 0 ? null : ['lm_head', ...floats.map((linear) => linear.name)],
    });
    return [];
  },
};

async function layerTensors({ artifact, kernels }: ExportSource, layer: LayerGrid): Promise<NewTensor[]> {
  const { linear, rows, cols, groups } = layer;
  const scales = transposeArray(words16(await halfScales(name, layer, kernels)), rows, groups);
  return [
    {
      name: `${linear.name}.qweight`,
      dtype: 'I32',
      shape: [cols, rows / 8],
      data: async () => bytesOf(packOutputs(await readCodes(artifact, layer, kernels), rows, cols)),
    },
    {
      name: `${linear.name}.qzeros`,
      dtype: 'I32',
      shape: [groups, rows / 8],
      data: bytesOf(packOutputs(layer.zeroPoints, rows, groups)),
    },
    { name: `${linear.name}.scales`, dtype: 'F16', shape: [groups, rows], data: bytesOf(scales) },
  ];
}

/** `[rows, cols]` fields of 4 bits to words `[cols, rows / 8]`. */
function packOutputs(fields: Uint8Array, rows: number, cols: number): Uint32Array {
  const words = new Uint32Array((cols * rows) / 8);
  for (let row = 0; row < rows; row++) {
    const [word, shift] = [row >> 3, 4 * order.indexOf((row & 7) as (typeof order)[number])];
    for (let col = 0; col < cols; col++) {
      const at = col * (rows / 8) + word;
      words[at] = ((words[at] as number) | ((fields[row * cols + col] as number) << shift)) >>> 0;
    }
  }
  return words;
}
