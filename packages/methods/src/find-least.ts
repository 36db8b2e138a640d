import type { LayerDraft, Replay } from '@lowbit/core';
import { z } from '@lowbit/core';

export const searchOptions = {
  search: z
    .enum(['full', 'halving'])
    .default('full')
    .describe('halving: only the best quarter on the first calibration batch is measured on the others'),
};

type Weights = ReadonlyMap<LayerDraft, Float32Array>;

/** Candidates whose weights are kept while they take turns. */
const kept = 6;

/**
 * The candidate with the least error, the first of equals. Errors are sums over parts of non-negative terms, so the search
 * always adds a part to the candidate whose sum is least so far; when that one is complete, no other can end below it.
 * With `full` the result is that of measuring everything.
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
    for (const old of [...cache.keys()].slice(0, -kept)) cache.delete(old);
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
  for (const state of running) await advance(state);
  if (search === 'halving' && objective.parts > 1) running = running.sort(inOrder).slice(0, Math.ceil(count / 4));
  for (;;) {
    const least = running.reduce((a, b) => (inOrder(b, a) < 0 ? b : a));
    if (least.parts === objective.parts) return least.candidate;
    await advance(least);
  }
}
