import type { Pack, PackScores, TokenScorer } from '../scoring/token-scorer.js';
import type { LlamaContext, LlamaModel, LlamaSequence } from './llama-library.js';

interface TokenScore {
  nll: number;
  isGreedy: boolean;
}

export interface GgufLimits {
  vocabSize: number;
  contextLength: number;
  threads: number;
}

/**
 * Scores by llama.cpp. A token tree is walked depth first, and at a branch the cache is cut back to it, so each of its tokens
 * is computed once. All logits of a scored token are taken over and summed in float64: the library's own total is a float32
 * sum, 1.4e-4 nats a token too low at 49,152 tokens.
 */
export class GgufScorer implements TokenScorer {
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly sharesPrefixes = true;
  #context: LlamaContext | undefined;
  #sequence: LlamaSequence | undefined;

  constructor(
    readonly model: LlamaModel,
    readonly limits: GgufLimits,
  ) {
    this.vocabSize = limits.vocabSize;
    this.contextLength = limits.contextLength;
  }

  async scoreSequences(
    sequences: Int32Array[],
    progress?: (tokens: number) => void,
    options: { scoredFrom?: readonly number[] | undefined } = {},
  ): Promise<Float32Array[]> {
    await this.#reserve(Math.max(0, ...sequences.map(({ length }) => length)));
    const losses: Float32Array[] = [];
    for (const [index, ids] of sequences.entries()) {
      const from = options.scoredFrom?.[index] ?? 1;
      const nll = new Float32Array(ids.length - from);
      const wanted = (at: number): readonly number[] => (at + 1 < from ? [] : [ids[at + 1]]);
      await this.#evaluate(ids.subarray(0, -1), 0, wanted, (at, [score]) => (nll[at + 1 - from] = score.nll));
      losses.push(nll);
      progress?.(ids.length - 1);
    }
    return losses;
  }

  async scorePacks(packs: Pack[], progress?: (tokens: number) => void): Promise<PackScores[]> {
    await this.#reserve(
      packs.reduce((longest, { positions }) => positions.reduce((a, b) => Math.max(a, b + 1), longest), 0),
    );
    const found: PackScores[] = [];
    let trunk: Int32Array | undefined;
    for (const pack of packs) {
      // A trunk stays in the cache: the trees behind it are cut back no further than to its end.
      if (pack.trunk && pack.trunk !== trunk) {
        await this.#evaluate(
          pack.trunk,
          0,
          () => [],
          () => undefined,
        );
        progress?.(pack.trunk.length);
      }
      trunk = pack.trunk;
      found.push(await this.#scorePack(pack));
      progress?.(pack.ids.length);
    }
    return found;
  }

  async release(): Promise<void> {
    await this.#context?.dispose();
    this.#context = undefined;
  }

  async #scorePack({ ids, positions, sources, targets }: Pack): Promise<PackScores> {
    const nll = new Float32Array(sources.length);
    const greedy = new Uint8Array(sources.length);
    const scoresOf = new Map<number, number[]>();
    sources.forEach((source, score) => scoresOf.set(source, [...(scoresOf.get(source) ?? []), score]));
    for (let first = 0; first < ids.length;) {
      // In depth-first order, a token one place further than the one before it is its child.
      let end = first + 1;
      while (end < ids.length && positions[end] === positions[end - 1] + 1) end++;
      const own = (at: number): number[] => scoresOf.get(first + at) ?? [];
      await this.#evaluate(
        ids.subarray(first, end),
        positions[first],
        (at) => own(at).map((score) => targets[score]),
        (at, scores) =>
          own(at).forEach((score, index) => {
            nll[score] = scores[index].nll;
            greedy[score] = Number(scores[index].isGreedy);
          }),
      );
      first = end;
    }
    return { nll, greedy };
  }

  /** Feeds tokens from `position` on, after what the cache holds before it; `targetsOf` a token, what is scored there. */
  async #evaluate(
    ids: Int32Array,
    position: number,
    targetsOf: (at: number) => readonly number[],
    found: (at: number, scores: TokenScore[]) => void,
  ): Promise<void> {
    const sequence = this.#sequence as LlamaSequence;
    const { nextTokenIndex: end } = sequence;
    if (position < end) await sequence.eraseContextTokenRanges([{ start: position, end }]);
    await sequence.controlledEvaluate(
      Array.from(ids, (id, at) => (targetsOf(at).length > 0 ? [id, { generateNext: { logits: true } }] : id)),
      {
        onTokenResult(at, { next }) {
          const logits = next.logits ?? new Map<number, number>();
          found(at, scoreTargets(logits, targetsOf(at)));
          // The library keeps all results until the call is over: half a gigabyte for a batch.
          logits.clear();
        },
      },
    );
  }

  /** A sequence with room for `length` tokens; what it has seen is lost where it has to grow. */
  async #reserve(length: number): Promise<void> {
    if (this.#context && length < this.#context.contextSize) return;
    await this.release();
    const { threads } = this.limits;
    this.#context = await this.model.createContext({
      contextSize: Math.ceil((length + 1) / 256) * 256,
      ...{ sequences: 1, threads, flashAttention: false, swaFullCache: true },
      ...{ experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' },
    });
    this.#sequence = this.#context.getSequence();
  }
}

function scoreTargets(logits: ReadonlyMap<number, number>, targets: readonly number[]): TokenScore[] {
  let most = -Infinity;
  for (const logit of logits.values()) if (logit > most) most = logit;
  let total = 0;
  for (const logit of logits.values()) total += Math.exp(logit - most);
  return targets.map((target) => {
    const logit = logits.get(target) ?? NaN;
    return { nll: most + Math.log(total) - logit, isGreedy: logit >= most };
  });
}
