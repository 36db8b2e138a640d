import type { GridSpec } from './contract.js';

/** Columns that share a step. */
export function groupWidth(spec: GridSpec, cols: number): number {
  return spec.granularity === 'group' ? Math.min(spec.groupSize, cols) : cols;
}

/** Steps in a row; 1 for channels and tensors. */
export function groupCount(spec: GridSpec, cols: number): number {
  return Math.ceil(cols / groupWidth(spec, cols));
}

/** Bytes of a packed row. */
export function packedRowBytes(cols: number, bits: number): number {
  return Math.ceil((cols * bits) / 8);
}
