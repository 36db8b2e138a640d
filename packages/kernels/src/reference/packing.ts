import { codeTooLarge } from '../errors.js';
import { packedRowBytes } from '../shape.js';

/** Bit by bit: bit `b` of code `c` is bit `c x bits + b` of its row. */
export function pack(codes: Uint8Array, rows: number, cols: number, bits: number): Uint8Array {
  const tooLarge = codes.findIndex((code) => code >= 2 ** bits);
  if (tooLarge >= 0) throw codeTooLarge(codes[tooLarge]!, tooLarge, bits);
  const rowBytes = packedRowBytes(cols, bits);
  const packed = new Uint8Array(rows * rowBytes);
  forEachBit(rows, cols, bits, (at, row, b, place) => {
    packed[row * rowBytes + (place >> 3)]! |= ((codes[at]! >> b) & 1) << (place & 7);
  });
  return packed;
}

export function unpack(packed: Uint8Array, rows: number, cols: number, bits: number): Uint8Array {
  const rowBytes = packedRowBytes(cols, bits);
  const codes = new Uint8Array(rows * cols);
  forEachBit(rows, cols, bits, (at, row, b, place) => {
    codes[at]! |= ((packed[row * rowBytes + (place >> 3)]! >> (place & 7)) & 1) << b;
  });
  return codes;
}

function forEachBit(
  rows: number,
  cols: number,
  bits: number,
  visit: (at: number, row: number, bit: number, place: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      for (let b = 0; b < bits; b++) visit(row * cols + col, row, b, col * bits + b);
    }
  }
}
