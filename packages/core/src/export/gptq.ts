import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewTensor } from '../model/safetensors-write.js';
import { refuse } from './format.js';
import type { ExportFormat, ExportSource } from './format.js';
import { readFittingConfig, writeHuggingFaceFolder } from './hugging-face-folder.js';
import { readPackedCodes } from './layer-grid.js';
import type { LayerGrid, LayerPlan } from './layer-grid.js';
import { halfScales, requireAllEncoded, requireBits, requireNoOperators, requireUniform } from './requirements.js';
import { bytesOf, transposeArray, words16, words32 } from './transpose.js';

const widths = [2, 3, 4, 8];

/**
 * The two layouts of AutoGPTQ and GPTQModel (methods.md 1.6): `qweight` int32 `[cols * bits / 32, rows]` packed along the
 * inputs, `qzeros` int32 `[groups, rows * bits / 32]` along the outputs, `scales` fp16 `[groups, rows]`, `g_idx` int32
 * `[cols]`. In v1 a zero point is stored minus one, so 0 has no field of its own.
 */
function gptqFormat(
  name: string,
  description: string,
  stored: { minus: 0 | 1; checkpointFormat: string },
): ExportFormat {
  return {
    name,
    description,
    limits: { halfScales: true },
    checkPlan(plan) {
      const { layers } = plan;
      requireNoOperators(name, plan);
      requireAllEncoded(name, plan);
      requireBits(name, layers, widths);
      requireUniform(name, layers);
      for (const layer of layers) requireWholeWords(name, layer);
    },
    async check({ layers, artifact, kernels }) {
      for (const layer of layers) {
        if (stored.minus === 1) requireNoZero(name, layer);
        await halfScales(name, layer, kernels);
      }
      await readFittingConfig(name, artifact);
    },
    async write(source, folder) {
      const { layers } = source;
      const { bits, groupSize } = requireUniform(name, layers);
      const tensors: NewTensor[] = [];
      for (const layer of layers) tensors.push(...(await layerTensors(name, source, layer, stored.minus)));
      const config = {
        quant_method: 'gptq',
        bits,
        group_size: groupSize,
        desc_act: layers.some(({ groupIndex }) => groupIndex !== undefined),
        sym: layers.every(({ symmetric }) => symmetric),
        lm_head: false,
        // No `meta` with the tool's name: auto-round takes it for a layout that it cannot read.
        checkpoint_format: stored.checkpointFormat,
      };
      await writeHuggingFaceFolder(name, source, folder, tensors, config);
      // Loaders older than the entry in config.json read this file.
      await writeFile(join(folder, 'quantize_config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
      const isAmbiguous = bits === 3 && stored.minus === 1;
      return isAmbiguous
        ? ['GPTQModel 5.6 reads 3-bit zero points of this format wrongly; gptq-v2 is read right.']
        : [];
    },
  };
}

export const gptqV1 = gptqFormat('gptq', 'GPTQ checkpoint of AutoGPTQ (zero points stored minus one)', {
  minus: 1,
  checkpointFormat: 'gptq',
});

export const gptqV2 = gptqFormat('gptq-v2', 'GPTQ checkpoint of GPTQModel (zero points stored as they are)', {
  minus: 0,
  checkpointFormat: 'gptq_v2',
});

async function layerTensors(
  format: string,
  { artifact, kernels }: ExportSource,
  layer: LayerGrid,
  minus: number,
): Promise<NewTensor[]> {
  const { linear, rows, cols, bits, groups, groupSize, groupIndex } = layer;
  const wordsPerRow = (cols * bits) / 32;
  const zeros = transposeArray(layer.zeroPoints, rows, groups).map((zero) => zero - minus);
  const scales = transposeArray(words16(await halfScales(format, layer, kernels)), rows, groups);
  const index = groupIndex ?? Int32Array.from({ length: cols }, (_, col) => Math.floor(col / groupSize));
  return [
    {
      name: `${linear.name}.qweight`,
      dtype: 'I32',
      shape: [wordsPerRow, rows],
      // Our rows are already little-endian streams of codes: packing is a transposition of words.
      data: async () => bytesOf(transposeArray(words32(await readPackedCodes(artifact, layer)), rows, wordsPerRow)),
    },
    {
      name: `${linear.name}.qzeros`,
      dtype: 'I32',
      shape: [groups, (rows * bits) / 32],
      data: await kernels.pack(zeros, groups, rows, bits),
    },
    { name: `${linear.name}.scales`, dtype: 'F16', shape: [groups, rows], data: bytesOf(scales) },
    { name: `${linear.name}.g_idx`, dtype: 'I32', shape: [cols], data: bytesOf(index) },
  ];
}

function requireWholeWords(format: string, { linear, rows, cols, bits }: LayerPlan): void {
  for (const [axis, size] of Object.entries({ rows, cols }))
    if ((size * bits) % 32 !== 0)
      refuse(
        format,
        `the ${size} ${axis} of ${linear.name} at ${bits} bits do not fill whole words of 32 bits`,
        'export to compressed-tensors, which pads them',
      );
}

function requireNoZero(format: string, { linear, zeroPoints }: LayerGrid): void {
  if (zeroPoints.includes(0))
    refuse(
      format,
      `a zero point of ${linear.name} is 0, and zero points are stored minus one`,
      'export to gptq-v2, or quantize with symmetric=true',
    );
}
