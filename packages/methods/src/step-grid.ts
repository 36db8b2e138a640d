import { z } from '@lowbit/core';
import type { Quantize } from '@lowbit/core';

/** Of a symmetric quantizer in the forward pass; methods.md 1.3. */
export const stepGrid = z
  .enum(['smoothquant', 'compressed-tensors'])
  .default('smoothquant')
  .describe(
    'symmetric step: max|x| over the largest code, or over half of all steps as loaders of that format compute',
  );

export function stepOf(grid: z.output<typeof stepGrid>): Pick<Quantize, 'step'> {
  return grid === 'compressed-tensors' ? { step: 'full' } : {};
}
