import type { EncodedPart, TensorFormat } from './format.js';

/** The float weight itself: what an exact edit leaves, or columns kept in full precision. Array: `values` F32 `[rows, cols]`. */
export const dense: TensorFormat = {
  name: 'dense',
  description: 'float32 values, for layers that stay float after an edit',
  async decode({ arrays }) {
    const values = arrays['values'];
    return new Float32Array((values?.data ?? new Uint8Array()).slice().buffer);
  },
};

export function storeDense(values: Float32Array, rows: number, cols: number): EncodedPart {
  const data = new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
  return { format: dense.name, spec: {}, arrays: { values: { dtype: 'F32', shape: [rows, cols], data } } };
}
