import type { Kernels } from '@lowbit/kernels';
import type { NeutralKeys } from '../model/config-reader.js';
import { bytesOf, transposeArray } from '../export/transpose.js';
import { checkGroupIndex, storeGroups } from './import-format.js';
import type { ImportFormat, LinearTensors } from './import-format.js';

/** How it was quantized or is to be run; the tensors say the rest. */
const neutral: NeutralKeys = {
  quant_method: true,
  desc_act: true,
  static_groups: true,
  true_sequential: true,
  sym: true,
  damp_percent: true,
  damp_auto_increment: true,
  mse: true,
  dataset: true,
  tokenizer: true,
  meta: true,
  model_name_or_path: true,
  model_file_base_name: true,
  model_seqlen: true,
  block_name_to_quantize: true,
  modules_in_block_to_quantize: true,
  module_name_preceding_first_block: true,
  batch_size: true,
  pad_token_id: true,
  use_exllama: true,
  use_cuda_fp16: true,
  max_input_length: true,
  exllama_config: true,
  cache_block_outputs: true,
  backend: true,
  is_marlin_format: (value) => value === false,
  pack_dtype: (value) => value === 'int32',
  lm_head: (value) => value === false,
};

/** AutoGPTQ's and GPTQModel's layout (methods.md 1.6); v1 stores zero points minus one. */
export const gptq: ImportFormat = {
  name: 'gptq',
  read(section) {
    const bits = section.integer('bits');
    if (![2, 3, 4, 8].includes(bits)) section.fail('bits', 'one of 2, 3, 4, 8');
    const size = section.integer('group_size', { fallback: -1, min: -1 });
    const plus = section.choice('checkpoint_format', { gptq: 1, gptq_v2: 0 }, 'gptq');
    section.finish('gptq', neutral);
    return {
      suffixes: ['qweight', 'qzeros', 'scales', 'g_idx'],
      bits,
      convolutions: true,
      async readPart(linear, tensors, kernels) {
        const { rows, cols } = linear;
        const groupSize = size > 0 ? Math.min(size, cols) : cols;
        const groups = Math.ceil(cols / groupSize);
        const codes = await readInputPacked(tensors, rows, cols, bits, kernels);
        const words = await tensors.words('qzeros', [groups, (rows * bits) / 32]);
        const zeros = await kernels.unpack(bytesOf(words), groups, rows, bits);
        const scales = await tensors.scales('scales', kernels, [groups, rows]);
        const index = tensors.has('g_idx') ? Int32Array.from(await tensors.words('g_idx', [cols])) : undefined;
        const mask = 2 ** bits - 1;
        const zeroPoints = Float32Array.from(transposeArray(zeros, groups, rows), (zero) => (zero + plus) & mask);
        const groupIndex = index && checkGroupIndex(index, linear, groups, groupSize);
        const grid = { name: 'gptq', bits, groupSize, groups } as const;
        return storeGroups(linear, grid, { codes, zeroPoints, scales, groupIndex }, kernels);
      },
    };
  },
};

/** Words `[cols * bits / 32, rows]` as codes `[rows, cols]`. */
async function readInputPacked(
  tensors: LinearTensors,
  rows: number,
  cols: number,
  bits: number,
  kernels: Kernels,
): Promise<Uint8Array> {
  const height = (cols * bits) / 32;
  const words = await tensors.words('qweight', [height, rows]);
  return kernels.unpack(bytesOf(transposeArray(words, height, rows)), rows, cols, bits);
}
