import type { TensorSource } from '../engine/parameters.js';
import type { Decoder } from '../model/decoder.js';

/**
 * Token trees packed into one sequence, in depth-first order, so that a prefix is computed once for all its
 * continuations. Token j is seen by token i exactly when j <= i < ends[j]: `ends[j]` is the index after the last token
 * of j's subtree. Documents packed side by side are trees of their own and do not see each other.
 */
export interface Pack {
  ids: Int32Array;
  /** Position of each token in its own path from its root. */
  positions: Int32Array;
  ends: Int32Array;
  /** Where groups of trees begin, and the end: attention need not look beyond a group. */
  rows: Int32Array;
  /** Tokens that all trees continue, one array for all packs that do; positions count from its first token. */
  trunk?: Int32Array | undefined;
  /** Scores wanted: -ln p(targets[k] | trunk, path ending in token sources[k]). A source may occur several times. */
  sources: Int32Array;
  targets: Int32Array;
}

export interface PackScores {
  /** nats, one for each source. */
  nll: Float32Array;
  /** 1 where the target is the arg-max. */
  greedy: Uint8Array;
}

/** What makes next-token distributions of a model's final hidden states: its decoder's head and where its tensors lie. */
export interface ReferenceHead {
  decoder: Decoder;
  sources: ReadonlyMap<string, TensorSource>;
}

/** How far next-token distributions are from another model's, one figure a scored token. */
export interface Divergence {
  /** KL(other || this), nats. */
  kl: Float32Array;
  /** 1 where both have the same arg-max. */
  agrees: Uint8Array;
}

/** Another model's final hidden states at the same tokens, float32 `[scored, width]` a sequence, and where figures go. */
export interface Comparison {
  head: ReferenceHead;
  states(sequence: number): Promise<Float32Array>;
  found(sequence: number, divergence: Divergence): void;
}

export interface SequenceOptions {
  /** First scored token of each sequence; default 1. Losses, states and divergences are of those from there on. */
  scoredFrom?: readonly number[] | undefined;
  /** Takes the final hidden states that the scored tokens are predicted from, float32 `[scored, width]`. */
  keep?: ((sequence: number, states: Float32Array) => Promise<void>) | undefined;
  compare?: Comparison | undefined;
}

export interface GenerateOptions {
  /** Most tokens of a continuation, from 1; prompt and continuation together fit `contextLength`. */
  maxTokens: number;
  /** Asked after each token with all of a prompt's: whether it was the last one. */
  isLast(prompt: number, ids: readonly number[]): boolean;
  /** Told of tokens as they go through the model. */
  progress?: ((tokens: number) => void) | undefined;
}

export interface GeneratedTokens {
  /** The last one, at which it stopped, is among them. */
  ids: Int32Array;
  finish: 'stop' | 'length';
}

/** The narrow waist between texts and the engine: everything above it is tested with a toy, everything below with ids. */
export interface TokenScorer {
  readonly vocabSize: number;
  readonly contextLength: number;
  /** False where a token's score depends on more than its path: each sequence then needs a pack of its own. */
  readonly sharesPrefixes: boolean;
  /** Most tokens of a pack that memory allows; absent where any number will do. */
  readonly batchTokens?: number | undefined;
  /** Plain causal sequences; `nll[i][j]` = -ln p(ids[i][from+j] | ids[i][0..from+j-1]) with from = scoredFrom[i]. */
  scoreSequences(
    sequences: Int32Array[],
    progress?: (tokens: number) => void,
    options?: SequenceOptions,
  ): Promise<Float32Array[]>;
  scorePacks(packs: Pack[], progress?: (tokens: number) => void): Promise<PackScores[]>;
  /** Greedy continuations of prompts of at least one token, in their order. Absent where a model can only be scored. */
  generate?(prompts: readonly Int32Array[], options: GenerateOptions): Promise<GeneratedTokens[]>;
}
