import type { LogLikelihood } from '../task.js';
import { encodeAhead, type EncodeAheadOptions, type EncodeSeconds } from './encode-ahead.js';
import type { EncodedRequest } from './encode-requests.js';
import { defaultPackTokens, packAlone, packSequences, type PackedSequences } from './pack.js';
import type { TokenScorer } from './token-scorer.js';

/** Log-probability of a token sequence's scored part, float64 sums over the scorer's float32 losses. */
export interface SequenceScore {
  logprob: number;
  isGreedy: boolean;
}

export interface PairOptions extends Omit<EncodeAheadOptions, 'contextLength'> {
  scorer: TokenScorer;
  packTokens?: number | undefined;
  advance: (tokens: number) => void;
  /** Told the tokens of all pairs, estimated by their characters until the last are encoded. */
  expect: (tokens: number) => void;
}

export interface ScoredPairs {
  encoded: EncodedRequest[];
  scores: SequenceScore[];
  /** Sums over the chunks that the pairs were encoded in. */
  counts: Omit<PackedSequences, 'packs'>;
  seconds: EncodeSeconds;
}

/** Continuations given their contexts, as packed trees, encoded while those before them are scored. */
export async function scorePairs(pairs: readonly LogLikelihood[], options: PairOptions): Promise<ScoredPairs> {
  const { tokenizer, scorer, chunkCharacters, advance, expect } = options;
  const packTokens = options.packTokens ?? Math.min(defaultPackTokens, scorer.batchTokens ?? Infinity);
  const encoded: EncodedRequest[] = [];
  const scores: SequenceScore[] = [];
  const counts = { unsharedTokens: 0, necessaryTokens: 0, computedTokens: 0 };
  const seconds = { tokenize: 0, wait: 0 };
  for await (const chunk of encodeAhead(pairs, { tokenizer, contextLength: scorer.contextLength, chunkCharacters })) {
    const sequences = chunk.requests.flatMap((request) => request.sequences);
    const packed = scorer.sharesPrefixes ? packSequences(sequences, packTokens) : packAlone(sequences);
    counts.unsharedTokens += packed.unsharedTokens;
    counts.necessaryTokens += packed.necessaryTokens;
    counts.computedTokens += packed.computedTokens;
    seconds.tokenize += chunk.seconds.tokenize;
    seconds.wait += chunk.seconds.wait;
    expect(Math.round(counts.computedTokens / chunk.share));
    // One by one: a chunk may hold more than a call takes as arguments.
    for (const request of chunk.requests) encoded.push(request);
    for (const score of await scorePacked(packed, sequences.length, scorer, advance)) scores.push(score);
  }
  return { encoded, scores, counts, seconds };
}

async function scorePacked(
  packed: PackedSequences,
  count: number,
  scorer: TokenScorer,
  advance: (tokens: number) => void,
): Promise<SequenceScore[]> {
  const found = await scorer.scorePacks(
    packed.packs.map(({ pack }) => pack),
    advance,
  );
  const scores = new Array<SequenceScore>(count);
  packed.packs.forEach(({ parts }, index) => {
    const { nll, greedy } = found[index];
    for (const { sequence, scores: wanted } of parts)
      scores[sequence] = {
        logprob: wanted.reduce((sum, at) => sum - nll[at], 0),
        isGreedy: wanted.every((at) => greedy[at] === 1),
      };
  });
  return scores;
}
