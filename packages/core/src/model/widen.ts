import type { Kernels } from '@lowbit/kernels';
import type { FloatDtype } from './dtype.js';

/** Stored bytes (little endian, aligned to 4) as float32: float32 itself is not copied. */
export async function widen(
  bytes: Uint8Array,
  dtype: FloatDtype,
  kernels: Pick<Kernels, 'widen'>,
): Promise<Float32Array> {
  if (dtype !== 'F32') return kernels.widen(bytes, dtype);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
