import { defineMethod, encodeAffine, z } from '@lowbit/core';
import type { AffineSpec } from '@lowbit/core';

/**
 * A whole method in one file: round to nearest after the largest weights of each layer were cut off. Copy it to
 * `packages/methods/src/`, name it there in `index.ts`, and the contract test covers it. Or leave it where it is and name
 * it under `plugins` in an experiment.
 */
export const truncate = defineMethod({
  name: 'truncate',
  version: '1', // raise it when a result can change: finished cells of the old version are then computed again
  description: 'round to nearest after cutting off the largest weights',
  source: 'the template; a paper and its reference code belong here',
  options: z.object({
    bits: z.int().min(2).max(8).default(4).describe('width of a code'),
    keep: z.number().positive().max(1).default(0.9).describe('share of the largest weight that is kept'),
  }),
  layerOptions: ['bits', 'keep'], // what a recipe may override for some layers; absent: the method treats none by itself
  bits: ({ bits }) => bits,
  // Before anything is read: what will be left behind, and the place to throw for options that do not fit.
  plan: (_, { layers }) => ({ grids: [...layers].map(([linear, { bits }]) => [linear, specOf(bits, linear.cols)]) }),
  // needs: () => ({ statistics: ['hessian'], inputs: 'quantized' }),   only when the method reads activations
  async block(block, { optionsFor, kernels }) {
    for (const layer of block.layers) {
      const options = optionsFor(layer);
      const weight = await layer.weight();
      const limit = options.keep * weight.data.reduce((largest, w) => Math.max(largest, Math.abs(w)), 0);
      const cut = { ...weight, data: weight.data.map((w) => Math.max(-limit, Math.min(limit, w))) };
      const spec = specOf(options.bits, weight.cols);
      await layer.encode([await encodeAffine(cut, spec, kernels)], { method: 'truncate' });
    }
  },
});

function specOf(bits: number, cols: number): AffineSpec {
  return { grid: { name: 'compressed-tensors', symmetric: true, bits }, granularity: 'channel', groupSize: cols };
}
