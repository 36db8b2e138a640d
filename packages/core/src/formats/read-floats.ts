import type { Kernels } from '@lowbit/kernels';
import type { StoredArray } from './format.js';

/** The values of a stored array of any float type, as float32. */
export async function readFloats({ dtype, data }: StoredArray, kernels: Kernels): Promise<Float32Array> {
  return dtype === 'F16' || dtype === 'BF16' ? kernels.widen(data, dtype) : new Float32Array(data.slice().buffer);
}
