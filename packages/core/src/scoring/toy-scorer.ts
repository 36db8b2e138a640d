import type { Pack, PackScores, TokenScorer } from './token-scorer.js';

/**
 * A model that is a hash: its logits are a fixed pseudo-random function of all tokens before. It computes nothing of use
 * and depends on every token that it should see and on none that it should not, so that all above the engine is tested
 * in milliseconds. Packs are read by the visibility rule alone (`j <= i < ends[j]`), not by how they were laid out.
 */
export function createToyScorer(vocabSize: number, contextLength: number): TokenScorer {
  function score(path: readonly number[], target: number): { nll: number; greedy: boolean } {
    const seed = path.reduce((hash, id) => mix(hash ^ mix(id + 1)), path.length);
    const logits = Float64Array.from({ length: vocabSize }, (_, token) => (mix(seed ^ mix(~token)) / 2 ** 32) * 8);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    return { nll: Math.log(total) - logits[target], greedy: logits.every((logit) => logit <= logits[target]) };
  }

  function scoreSequence(ids: Int32Array): Float32Array {
    return Float32Array.from(
      { length: ids.length - 1 },
      (_, index) => score([...ids.subarray(0, index + 1)], ids[index + 1]).nll,
    );
  }

  function scorePack({ ids, ends, sources, targets }: Pack): PackScores {
    const found = Array.from(sources, (source, index) => {
      const path = [...ids.subarray(0, source + 1)].filter((_, token) => source < ends[token]);
      return score(path, targets[index]);
    });
    return {
      nll: Float32Array.from(found, ({ nll }) => nll),
      greedy: Uint8Array.from(found, ({ greedy }) => Number(greedy)),
    };
  }

  return {
    vocabSize,
    contextLength,
    sharesPrefixes: true,
    scoreSequences: async (sequences, progress) =>
      sequences.map((ids) => {
        progress?.(ids.length - 1);
        return scoreSequence(ids);
      }),
    scorePacks: async (packs, progress) =>
      packs.map((pack) => {
        progress?.(pack.ids.length);
        return scorePack(pack);
      }),
  };
}

/** A 32-bit finaliser (xorshift and multiply), unsigned. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
