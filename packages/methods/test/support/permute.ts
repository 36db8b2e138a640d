import { defineMethod, permuteInner, permuteInput, permuteResidual, PythonRandom, z } from '@lowbit/core';

/** All orders of 0 .. size - 1 are as likely. */
export function randomOrder(size: number, seed: number): Int32Array {
  const order = Array.from({ length: size }, (_, i) => i);
  new PythonRandom(seed).shuffle(order);
  return Int32Array.from(order);
}

/** Every permutation that core can make, each by an order of its own. */
export const permute = defineMethod({
  name: 'permute',
  version: '1',
  description: 'random orders of the residual stream, the inner channels and the inputs of linears; exact',
  source: 'for tests',
  options: z.object({
    residual: z.boolean().default(true).describe('of the residual stream'),
    inner: z.boolean().default(true).describe('between {gate, up} and {down}'),
    inputs: z.boolean().default(true).describe('of every linear, in the forward pass'),
  }),
  acts: 'rotation',
  prepare: async (draft, { options }) => {
    if (options.residual) permuteResidual(draft, randomOrder(draft.decoder.hiddenSize, 1));
    for (const { index, block, layers } of draft.blocks) {
      if (options.inner) permuteInner(draft, block, randomOrder(block.mlp.down.cols, 100 + index));
      if (!options.inputs) continue;
      for (const [i, { linear }] of layers.entries())
        permuteInput(draft, linear, randomOrder(linear.cols, 1000 + 10 * index + i));
    }
  },
});
