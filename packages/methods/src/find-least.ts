import type { LayerDraft, Replay } from '@lowbit/core';
import { z } from '@lowbit/core';

export const searchOptions = {
  search: z
    .enum(['full', 'halving'])
    .default('full')
    .describe(
      'halving: each time the calibration tokens measured have doubled, the better half goes on, the last two to the end',
    ),
};

type Weights = ReadonlyMap<LayerDraft, Float32Array>;

/** Weights of candidates that are kept while they take turns. */
const keptBytes = 2 ** 28;
/** Halving stops here: the last ones are often nearly equal. */
const finalists = 2;

/**
 * The candidate with the least error, the first of equals. Errors are sums over parts of non-negative terms, so the search
 * always adds a part to the candidate whose sum is least so far; when that one is complete, no other can end below it.
 * With `full` the result is that of measuring everything; halving is Jamieson and Talwalkar's (arXiv:1502.07943).
 */
export async function findLeast(
  objective: Replay,
  { search }: { search: 'full' | 'halving' },
  count: number,
  weightsOf: (candidate: number) => Promise<Weights>,
): Promise<number> {
  const cache = new Map<number, Weights>();
  const load = async (candidate: number): Promise<Weights> => {
    const weights = cache.get(candidate) ?? (await weightsOf(candidate));
    cache.delete(candidate);
    cache.set(candidate, weights);
    let bytes = 0;
    for (const [old, values] of [...cache].reverse()) {
      for (const { byteLength } of values.values()) bytes += byteLength;
      if (bytes > keptBytes && old !== candidate) cache.delete(old);
    }
    return weights;
  };
  let running = Array.from({ length: count }, (_, candidate) => ({ candidate, sum: 0, parts: 0 }));
  const advance = async (state: (typeof running)[number]): Promise<void> => {
    const error = await objective.error(await load(state.candidate), state.parts++);
    // What is not a number, an overflow, is never the least.
    state.sum += Number.isNaN(error) ? Infinity : error;
  };
  const inOrder = (a: (typeof running)[number], b: (typeof running)[number]): number =>
    a.sum - b.sum || a.candidate - b.candidate;
  for (let parts = 1; search === 'halving' && running.length > finalists && parts < objective.parts; parts *= 2) {
    for (const state of running) while (state.parts < parts) await advance(state);
    running = running.sort(inOrder).slice(0, Math.max(finalists, Math.ceil(running.length / 2)));
  }
  for (;;) {
    const least = running.reduce((a, b) => (inOrder(b, a) < 0 ? b : a));
    if (least.parts === objective.parts) return least.candidate;
    await advance(least);
  }
}
