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
  /** Scores wanted: -ln p(targets[k] | path ending in token sources[k]). A source may occur several times. */
  sources: Int32Array;
  targets: Int32Array;
}

export interface PackScores {
  /** nats, one for each source. */
  nll: Float32Array;
  /** 1 where the target is the arg-max. */
  greedy: Uint8Array;
}

/** The narrow waist between texts and the engine: everything above it is tested with a toy, everything below with ids. */
export interface TokenScorer {
  readonly vocabSize: number;
  readonly contextLength: number;
  /** False where a token's score depends on more than its path: each sequence then needs a pack of its own. */
  readonly sharesPrefixes: boolean;
  /** Plain causal sequences; `nll[i][j]` = -ln p(ids[i][j+1] | ids[i][0..j]). */
  scoreSequences(sequences: Int32Array[], progress?: (tokens: number) => void): Promise<Float32Array[]>;
  scorePacks(packs: Pack[], progress?: (tokens: number) => void): Promise<PackScores[]>;
}
