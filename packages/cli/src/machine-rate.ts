import { availableParallelism } from 'node:os';
import { measureProducts } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';

/** As in `lowbit doctor`: wide enough that the weight leaves the caches of most processors. */
const layer = { width: 2048, tokens: 256 };

/** Multiply-adds a second of a float32 product on this machine, measured for about a second. */
export async function measureRate(threads = availableParallelism()): Promise<number> {
  const request = { ...layer, rounds: 3, nBits: [], kernels: await loadKernels(), device: { name: 'cpu', threads } };
  const gemm = (await measureProducts(request)).find(({ operator }) => operator === 'Gemm');
  return (layer.tokens * layer.width ** 2) / ((gemm?.prefill ?? NaN) / 1000);
}
