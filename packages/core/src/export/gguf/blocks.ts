import type { LayerGrid, LayerPlan } from '../layer-grid.js';

/** Weights that share a scale in Q4_0, Q4_1 and Q8_0. */
export const blockSize = 32;

export type BlockType = 'Q4_0' | 'Q4_1' | 'Q8_0';

/** The type that holds this grid's codes; undefined where none does. A symmetric 3-bit code is a 4-bit one as well. */
export function blockTypeOf({
  bits,
  symmetric,
  zeroPoints,
}: LayerPlan & Partial<Pick<LayerGrid, 'zeroPoints'>>): BlockType | undefined {
  const isSymmetric = zeroPoints?.every((zero) => zero === 2 ** (bits - 1)) ?? symmetric;
  if (isSymmetric) return bits <= 4 ? 'Q4_0' : 'Q8_0';
  return bits <= 4 ? 'Q4_1' : undefined;
}

/** What blocks are made of. `scales`, and for Q4_1 `offsets` = -zeroPoint * scale, are fp16 words `[rows, groups]`. */
export interface BlockSource {
  type: BlockType;
  codes: Uint8Array;
  scales: Uint16Array;
  offsets: Uint16Array | undefined;
}

/**
 * Blocks of a weight, row by row. Q4_0: fp16 scale, then byte j = field j + 16 x field (j + 16), w = (field - 8) * scale.
 * Q4_1: scale, offset, the same fields, w = field * scale + offset. Q8_0: scale, 32 signed bytes. A group of several
 * blocks repeats its scale. `rowOrder[i]` is the row that comes i-th.
 */
export function packBlocks(layer: LayerGrid, source: BlockSource, rowOrder: Int32Array | undefined): Uint8Array {
  const { rows, cols, groups, groupSize, bits } = layer;
  const { type, codes, scales, offsets } = source;
  const headBytes = type === 'Q4_1' ? 4 : 2;
  const bytes = headBytes + (type === 'Q8_0' ? blockSize : blockSize / 2);
  const packed = new Uint8Array(rows * (cols / blockSize) * bytes);
  const view = new DataView(packed.buffer);
  const shift = type === 'Q4_1' ? 0 : type === 'Q4_0' ? 8 - 2 ** (bits - 1) : -(2 ** (bits - 1));
  let at = 0;
  for (let i = 0; i < rows; i++) {
    const row = rowOrder ? (rowOrder[i] as number) : i;
    for (let col = 0; col < cols; col += blockSize, at += bytes) {
      const group = row * groups + Math.floor(col / groupSize);
      view.setUint16(at, scales[group] as number, true);
      if (offsets) view.setUint16(at + 2, offsets[group] as number, true);
      const field = (j: number): number => (codes[row * cols + col + j] as number) + shift;
      const out = at + headBytes;
      if (type === 'Q8_0') for (let j = 0; j < blockSize; j++) packed[out + j] = field(j);
      else for (let j = 0; j < 16; j++) packed[out + j] = field(j) | (field(j + 16) << 4);
    }
  }
  return packed;
}
