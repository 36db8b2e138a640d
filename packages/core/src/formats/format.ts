import type { Kernels } from '@lowbit/kernels';

/** One stored array of an encoded weight: the bytes that go to disk and are counted. */
export interface StoredArray {
  dtype: 'U8' | 'I32' | 'F32' | 'F16' | 'BF16';
  shape: number[];
  data: Uint8Array;
}

/** One term of a weight in one tensor format. `spec` is JSON; `arrays` hold everything that decoding needs. */
export interface EncodedPart {
  format: string;
  spec: Record<string, unknown>;
  arrays: Record<string, StoredArray>;
}

/** A weight as stored: the sum of its parts, each decoded to `[rows, cols]` float32. */
export interface EncodedWeight {
  rows: number;
  cols: number;
  parts: EncodedPart[];
}

/** A row of the table of tensor formats. Decoding is exact: equal bytes give equal floats on every machine. */
export interface TensorFormat {
  name: string;
  description: string;
  decode(part: EncodedPart, rows: number, cols: number, kernels: Kernels): Promise<Float32Array>;
}

/** Every stored bit over the number of weights: codes, scales, zero points and indices. */
export function bitsPerWeight({ rows, cols, parts }: EncodedWeight): number {
  const bytes = parts.flatMap((part) => Object.values(part.arrays)).reduce((sum, { data }) => sum + data.byteLength, 0);
  return (bytes * 8) / (rows * cols);
}
