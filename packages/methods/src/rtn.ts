import { defineMethod, encodeAffine, z } from '@lowbit/core';
import { affineSpec, gridOptions } from './grid-options.js';

/** Round to nearest: a grid from the weights alone, every weight to its nearest code. The baseline of every table. */
export const rtn = defineMethod({
  name: 'rtn',
  version: '1',
  description: 'round to nearest on a grid fitted to the weights',
  source: 'the baseline of arXiv:2210.17323 and others; grids by name of their reference code',
  options: z.object(gridOptions),
  acts: 'weights',
  bits: ({ bits }) => bits,
  async block(block, { options, kernels }) {
    for (const layer of block.layers) {
      const spec = affineSpec(options, layer.linear);
      await layer.encode([await encodeAffine(await layer.weight(), spec, kernels)], { method: 'rtn' });
    }
  },
});
