import type { Kernels } from '@lowbit/kernels';
import type { Decoder } from './decoder.js';

/** How a model holds its rotary frequencies while it is scored. */
export type RopeFrequencies = 'float32' | 'bfloat16';

/**
 * The decoder with its rotary frequencies rounded to bfloat16, as a model has them that was cast as a whole
 * (`model.to(torch.bfloat16)` casts buffers too). Loading a checkpoint in transformers keeps them in float32, and so do
 * we; this emulates results that were made the other way.
 */
export async function roundRopeFrequencies(decoder: Decoder, kernels: Kernels): Promise<Decoder> {
  const blocks = await Promise.all(
    decoder.blocks.map(async (block) => {
      const { rope } = block.attention;
      if (rope === undefined) return block;
      const rounded = await kernels.widen(await kernels.narrow(Float32Array.from(rope.frequencies), 'BF16'), 'BF16');
      return { ...block, attention: { ...block.attention, rope: { ...rope, frequencies: [...rounded] } } };
    }),
  );
  return { ...decoder, blocks };
}
