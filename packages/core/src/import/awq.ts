import type { NeutralKeys } from '../model/config-reader.js';
import { storeGroups } from './import-format.js';
import type { ImportFormat } from './import-format.js';

const neutral: NeutralKeys = {
  quant_method: true,
  zero_point: true,
  do_fuse: true,
  fuse_max_seq_len: true,
  modules_to_fuse: true,
  modules_to_not_convert: true,
  exllama_config: true,
  backend: (value) => value === 'autoawq' || value === 'auto',
};

/** Output 8c + j lies in nibble place[j] of word c. */
const place = [0, 4, 1, 5, 2, 6, 3, 7] as const;

/** AutoAWQ's GEMM layout (methods.md 1.6). */
export const awq: ImportFormat = {
  name: 'awq',
  read(section) {
    const bits = section.integer('bits', { fallback: section.integer('w_bit', { fallback: 4 }) });
    if (bits !== 4) section.fail('bits', '4');
    const given = section.integer('q_group_size', { fallback: 128, min: -1 });
    const size = section.integer('group_size', { fallback: given, min: -1 });
    section.choice('version', { gemm: true, GEMM: true }, 'gemm');
    section.finish('awq', neutral);
    return {
      suffixes: ['qweight', 'qzeros', 'scales'],
      bits,
      async readPart(linear, tensors, kernels) {
        const { rows, cols } = linear;
        const groupSize = size > 0 ? Math.min(size, cols) : cols;
        const groups = Math.ceil(cols / groupSize);
        const codes = unpackOutputs(await tensors.words('qweight', [cols, rows / 8]), rows, cols);
        const zeros = unpackOutputs(await tensors.words('qzeros', [groups, rows / 8]), rows, groups);
        const scales = await tensors.scales('scales', kernels, [groups, rows]);
        const grid = { name: 'awq', bits, groupSize, groups } as const;
        return storeGroups(linear, grid, { codes, zeroPoints: Float32Array.from(zeros), scales }, kernels);
      },
    };
  },
};

/** Words `[cols, rows / 8]` as fields `[rows, cols]`. */
function unpackOutputs(words: Uint32Array, rows: number, cols: number): Uint8Array {
  const fields = new Uint8Array(rows * cols);
  for (let col = 0; col < cols; col++)
    for (let row = 0; row < rows; row++) {
      const word = words[col * (rows / 8) + (row >> 3)] as number;
      fields[row * cols + col] = (word >>> (4 * (place[row & 7] as number))) & 15;
    }
  return fields;
}
