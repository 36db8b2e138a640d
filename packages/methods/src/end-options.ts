import { z } from '@lowbit/core';
import type { End } from '@lowbit/core';

/** Options of methods that take in what lies outside the blocks. */
export const endOptions = {
  head: z.boolean().default(false).describe('the LM head too; a tied one gets a tensor of its own'),
  embeddings: z.boolean().default(false).describe('the token embedding too; a tied head reads the same rounded values'),
};

export function chosenEnds({ head, embeddings }: { head: boolean; embeddings: boolean }): End[] {
  return [...(embeddings ? (['embedding'] as const) : []), ...(head ? (['head'] as const) : [])];
}
