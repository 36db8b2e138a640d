import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { Request, RequestResult } from '../task.js';
import { encodeRequests, type EncodedRequest } from './encode-requests.js';
import { defaultPackTokens, packAlone, packSequences, type PackedSequences } from './pack.js';
import { hashTokenIds } from './token-ids.js';
import type { TokenScorer } from './token-scorer.js';

export interface ScoreOptions {
  tokenizer: Tokenizer;
  scorer: TokenScorer;
  /** Tokens per window of `windows` requests, and tokens fed per window of `rolling` ones. */
  window?: number | undefined;
  /** Only the first windows of a `windows` request. */
  maxWindows?: number | undefined;
  packTokens?: number | undefined;
  progress?: ((done: number, total: number) => void) | undefined;
}

export interface ScoreCounts {
  /** Ids of all requests, contexts included: what `tokenSha256` covers. */
  tokens: number;
  /** Tokens that the model would be fed if each request ran alone. */
  unsharedTokens: number;
  /** Tokens that it was fed. */
  computedTokens: number;
  /** Windows of `windows` and `rolling` requests; undefined where there are none. */
  windows: number | undefined;
  /** sha256 over all ids as little-endian int32, in the order of the requests. */
  tokenSha256: string;
  /** Requests whose context lost tokens on the left. */
  truncated: number;
}

/** Log-probability of a token sequence's scored part, float64 sums over the scorer's float32 losses. */
interface SequenceScore {
  logprob: number;
  isGreedy: boolean;
}

/**
 * Texts in, log-probabilities out: requests are encoded as lm-evaluation-harness does, continuations computed as packed
 * trees, windows as plain sequences. Results are in the order of the requests.
 */
export async function scoreRequests(
  requests: readonly Request[],
  options: ScoreOptions,
): Promise<{ results: RequestResult[]; counts: ScoreCounts }> {
  const encoded = encodeRequests(requests, {
    tokenizer: options.tokenizer,
    contextLength: options.scorer.contextLength,
    window: options.window,
    maxWindows: options.maxWindows,
  });
  const pairs = encoded.filter(({ kind }) => kind === 'logLikelihood').flatMap(({ sequences }) => sequences);
  const whole = encoded.filter(({ kind }) => kind !== 'logLikelihood').flatMap(({ sequences }) => sequences);
  const packed = options.scorer.sharesPrefixes
    ? packSequences(pairs, options.packTokens ?? defaultPackTokens)
    : packAlone(pairs);
  const wholeTokens = whole.reduce((sum, { ids }) => sum + ids.length - 1, 0);
  const advance = countTo(packed.computedTokens + wholeTokens, options.progress);

  const pairScores = await scorePacked(packed, pairs.length, options.scorer, advance);
  const losses = await options.scorer.scoreSequences(
    whole.map(({ ids }) => ids),
    advance,
  );
  const wholeScores = losses.map((nll, index) => sumFrom(nll, whole[index].scoredFrom - 1));

  const sequences = encoded.flatMap((request) => request.sequences);
  const windows = encoded.reduce(
    (sum, request) => sum + (request.kind === 'logLikelihood' ? 0 : request.sequences.length),
    0,
  );
  return {
    results: collectResults(encoded, pairScores, wholeScores),
    counts: {
      tokens: sequences.reduce((sum, { ids }) => sum + ids.length, 0),
      unsharedTokens: packed.unsharedTokens + wholeTokens,
      computedTokens: packed.computedTokens + wholeTokens,
      windows: windows > 0 ? windows : undefined,
      tokenSha256: hashTokenIds(sequences.map(({ ids }) => ids)),
      truncated: encoded.filter(({ lost }) => lost > 0).length,
    },
  };
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

function collectResults(encoded: EncodedRequest[], pairs: SequenceScore[], whole: number[]): RequestResult[] {
  let nextPair = 0;
  let nextWhole = 0;
  return encoded.map(({ kind, sequences, scoredTokens }, index): RequestResult => {
    if (kind === 'logLikelihood') {
      const { logprob, isGreedy } = pairs[nextPair++];
      return { kind, logprob: requireFinite(logprob, index), isGreedy, tokens: scoredTokens };
    }
    const logprobs = sequences.map(() => requireFinite(whole[nextWhole++], index));
    if (kind === 'rolling')
      return { kind, logprob: logprobs.reduce((sum, value) => sum + value, 0), tokens: scoredTokens };
    const tokensPerWindow = sequences[0].ids.length;
    return { kind, meanLosses: logprobs.map((logprob) => -logprob / (tokensPerWindow - 1)), tokensPerWindow };
  });
}

/** Sum of log-probabilities of the losses from `from` on. */
function sumFrom(nll: Float32Array, from: number): number {
  let sum = 0;
  for (let index = from; index < nll.length; index++) sum -= nll[index];
  return sum;
}

/** A broken quantized model is a failed cell, not a score: comparisons with NaN would pick an answer silently. */
function requireFinite(logprob: number, request: number): number {
  if (Number.isFinite(logprob)) return logprob;
  throw new LowbitError(
    'METHOD_FAILED',
    `Log-probabilities should be finite, but the model gave ${logprob} for request ${request}; its weights or activations overflow, so use more bits or another method.`,
  );
}

function countTo(total: number, progress: ScoreOptions['progress']): (tokens: number) => void {
  let done = 0;
  return (tokens) => {
    // A scorer may count a sequence's last token, which the total leaves out.
    done = Math.min(total, done + tokens);
    progress?.(done, total);
  };
}
