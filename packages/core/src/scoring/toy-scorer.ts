import type { Pack, PackScores, SequenceOptions, TokenScorer } from './token-scorer.js';

/**
 * A model that is a hash: its logits are a fixed pseudo-random function of all tokens before. It computes nothing of use
 * and depends on every token that it should see and on none that it should not, so that all above the engine is tested
 * in milliseconds. Packs are read by the visibility rule alone (`j <= i < ends[j]`), not by how they were laid out.
 * Its final hidden states are its logits. Another `noise` is another model, the farther the larger.
 */
export function createToyScorer(vocabSize: number, contextLength: number, noise = 0): TokenScorer {
  function logitsOf(path: readonly number[]): Float32Array {
    const seed = path.reduce((hash, id) => mix(hash ^ mix(id + 1)), path.length);
    const at = (token: number, salt: number): number => mix(seed ^ mix(~token ^ salt)) / 2 ** 32;
    return Float32Array.from({ length: vocabSize }, (_, token) => (at(token, 0) + noise * at(token, 1)) * 8);
  }

  function score(path: readonly number[], target: number): { nll: number; greedy: boolean } {
    const logits = logitsOf(path);
    return { nll: logSumExp(logits) - logits[target], greedy: logits.every((logit) => logit <= logits[target]) };
  }

  function scoreSequence(ids: Int32Array, from: number): Float32Array {
    return Float32Array.from({ length: ids.length - from }, (_, index) => {
      return score([...ids.subarray(0, from + index)], ids[from + index]).nll;
    });
  }

  /** States `[scored, vocabSize]`. */
  function statesOf(ids: Int32Array, from: number): Float32Array {
    const states = new Float32Array((ids.length - from) * vocabSize);
    for (let at = from; at < ids.length; at++) states.set(logitsOf([...ids.subarray(0, at)]), (at - from) * vocabSize);
    return states;
  }

  async function hand(sequence: number, ids: Int32Array, from: number, options: SequenceOptions): Promise<void> {
    if (!options.keep && !options.compare) return;
    const own = statesOf(ids, from);
    await options.keep?.(sequence, own);
    const other = await options.compare?.states(sequence);
    if (!other) return;
    const rows = Array.from({ length: ids.length - from }, (_, row) => {
      const at = [row * vocabSize, (row + 1) * vocabSize] as const;
      return diverge(other.subarray(...at), own.subarray(...at));
    });
    options.compare?.found(sequence, {
      kl: Float32Array.from(rows, ({ kl }) => kl),
      agrees: Uint8Array.from(rows, ({ agrees }) => Number(agrees)),
    });
  }

  function scorePack({ ids, ends, trunk = new Int32Array(0), sources, targets }: Pack): PackScores {
    const found = Array.from(sources, (source, index) => {
      const path = [...ids.subarray(0, source + 1)].filter((_, token) => source < ends[token]);
      return score([...trunk, ...path], targets[index]);
    });
    return {
      nll: Float32Array.from(found, ({ nll }) => nll),
      greedy: Uint8Array.from(found, ({ greedy }) => Number(greedy)),
    };
  }

  /** The most likely token after a path, the first of several. */
  function nextOf(path: readonly number[]): number {
    const logits = logitsOf(path);
    return logits.indexOf(Math.max(...logits));
  }

  return {
    vocabSize,
    contextLength,
    sharesPrefixes: true,
    async scoreSequences(sequences, progress, options = {}) {
      const from = (index: number): number => options.scoredFrom?.[index] ?? 1;
      for (const [index, ids] of sequences.entries()) await hand(index, ids, from(index), options);
      return sequences.map((ids, index) => {
        progress?.(ids.length - 1);
        return scoreSequence(ids, from(index));
      });
    },
    scorePacks: async (packs, progress) =>
      packs.map((pack) => {
        progress?.(pack.ids.length);
        return scorePack(pack);
      }),
    generate: async (prompts, { maxTokens, isLast, progress }) =>
      prompts.map((prompt, index) => {
        const ids: number[] = [];
        let stopped = false;
        while (!stopped && ids.length < maxTokens) {
          ids.push(nextOf([...prompt, ...ids]));
          stopped = isLast(index, ids);
        }
        progress?.(prompt.length + ids.length - 1);
        return { ids: Int32Array.from(ids), finish: stopped ? 'stop' : 'length' };
      }),
  };
}

function logSumExp(logits: Float32Array): number {
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
}

/** KL(p || q) and whether the arg-max is the same. */
function diverge(p: Float32Array, q: Float32Array): { kl: number; agrees: boolean } {
  const shift = logSumExp(q) - logSumExp(p);
  const total = Math.exp(logSumExp(p));
  const kl = p.reduce((sum, logit, token) => sum + (Math.exp(logit) / total) * (logit - q[token] + shift), 0);
  return { kl, agrees: p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q)) };
}

/** A 32-bit finaliser (xorshift and multiply), unsigned. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
