import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { GenerateResult, Request, RequestResult, ThroughputResult } from '../task.js';
import type { EncodeSeconds } from './encode-ahead.js';
import { encodeRequests, type EncodedRequest, type EncodeOptions } from './encode-requests.js';
import { generateAll, planGeneration } from './generate-all.js';
import type { TokenSequence } from './encode.js';
import { KeptStates } from './kept-states.js';
import { scorePairs, type SequenceScore } from './score-pairs.js';
import { hashTokenIds } from './token-ids.js';
import type { Divergence, ReferenceHead, SequenceOptions, TokenScorer } from './token-scorer.js';

export interface ScoreOptions {
  tokenizer: Tokenizer;
  scorer: TokenScorer;
  /** Tokens per window of `windows` requests, and tokens fed per window of `rolling` ones. */
  window?: number | undefined;
  /** Only the first windows of a `windows` request. */
  maxWindows?: number | undefined;
  packTokens?: number | undefined;
  /** Characters of pairs that are encoded before any is scored; default half a million. */
  chunkCharacters?: number | undefined;
  /** `total` is an estimate until all requests are encoded; `done` only grows, and ends as the total does. */
  progress?: ((done: number, total: number) => void) | undefined;
  baseline?: Baseline | undefined;
}

/**
 * The float model's part in a comparison: `keep` writes what is needed of it into a folder, `compare` reads it there and
 * says how far the model that is scored is from it.
 */
export type Baseline = { kind: 'keep'; folder: string } | { kind: 'compare'; folder: string; head: ReferenceHead };

export interface ScoreCounts {
  /** Ids of all requests, contexts included: what `tokenSha256` covers. */
  tokens: number;
  /** Tokens that the model would be fed if each request ran alone. */
  unsharedTokens: number;
  /** Tokens that it has to be fed: each distinct prefix of continuations once a chunk of requests, windows whole. */
  necessaryTokens: number;
  /** Tokens that it was fed. */
  computedTokens: number;
  /** Windows of `windows` and `rolling` requests; undefined where there are none. */
  windows: number | undefined;
  /** sha256 over all ids as little-endian int32, in the order of the requests. */
  tokenSha256: string;
  /** Requests whose context lost tokens on the left. */
  truncated: number;
}

/**
 * Texts in, log-probabilities out: requests are encoded as lm-evaluation-harness does, continuations computed as packed
 * trees, windows as plain sequences. Results are in the order of the requests; so are the divergences from a baseline, one
 * a window, which pairs do not have.
 */
export async function scoreRequests(
  requests: readonly Request[],
  options: ScoreOptions,
): Promise<{
  results: RequestResult[];
  divergences: Divergence[][] | undefined;
  counts: ScoreCounts;
  seconds: EncodeSeconds;
}> {
  const { tokenizer, scorer, window, maxWindows, packTokens, chunkCharacters } = options;
  const begin = performance.now();
  const encoded = encodeOthers(requests, { tokenizer, contextLength: scorer.contextLength, window, maxWindows });
  const seconds = (performance.now() - begin) / 1000;
  const whole = encoded.filter(({ kind }) => isWhole(kind)).flatMap(({ sequences }) => sequences);
  const written = planGeneration(requests, encoded);
  const wholeTokens = whole.reduce((sum, { ids }) => sum + ids.length - 1, 0);
  const { advance, expect } = countTo(wholeTokens + written.tokens, options.progress);

  const pairs = await scorePairs(
    requests.filter((request) => request.kind === 'logLikelihood'),
    { tokenizer, scorer, packTokens, chunkCharacters, advance, expect },
  );
  const { losses, divergences } = await scoreWhole(whole, options, advance);
  const generated = await generateAll(written, options, advance);
  const wholeScores = losses.map((nll) => nll.reduce((sum, loss) => sum - loss, 0));

  let nextPair = 0;
  const all = encoded.map((request) => (request.kind === 'logLikelihood' ? pairs.encoded[nextPair++] : request));
  const sequences = all.flatMap((request) => request.sequences);
  const windows = all.reduce((sum, request) => sum + (isWhole(request.kind) ? request.sequences.length : 0), 0);
  return {
    results: collectResults(all, pairs.scores, wholeScores, generated.results),
    divergences: divergences && groupByRequest(all, divergences),
    counts: {
      tokens: sequences.reduce((sum, { ids }) => sum + ids.length, 0),
      unsharedTokens: pairs.counts.unsharedTokens + wholeTokens + generated.computedTokens,
      necessaryTokens: pairs.counts.necessaryTokens + wholeTokens + generated.computedTokens,
      computedTokens: pairs.counts.computedTokens + wholeTokens + generated.computedTokens,
      windows: windows > 0 ? windows : undefined,
      tokenSha256: hashTokenIds(sequences.map(({ ids }) => ids)),
      truncated: all.filter(({ lost }) => lost > 0).length,
    },
    seconds: { tokenize: seconds + pairs.seconds.tokenize, wait: seconds + pairs.seconds.wait },
  };
}

/** All but pairs, which leave their places empty: what is few and long, and scored or written all together. */
function encodeOthers(requests: readonly Request[], options: EncodeOptions): EncodedRequest[] {
  const isPair = ({ kind }: Request): boolean => kind === 'logLikelihood';
  const encoded = encodeRequests(
    requests.filter((request) => !isPair(request)),
    options,
  );
  let next = 0;
  return requests.map((request) =>
    isPair(request) ? { kind: request.kind, sequences: [], scoredTokens: 0, lost: 0 } : encoded[next++],
  );
}

/** Windows of texts, which go through the model as plain sequences. */
function isWhole(kind: Request['kind']): boolean {
  return kind === 'windows' || kind === 'rolling';
}

/** Windows and rolling texts: losses of their scored tokens, and the distance to the baseline from the same pass. */
async function scoreWhole(
  sequences: readonly TokenSequence[],
  { scorer, baseline }: ScoreOptions,
  advance: (tokens: number) => void,
): Promise<{ losses: Float32Array[]; divergences: Divergence[] | undefined }> {
  const score = (options: SequenceOptions): Promise<Float32Array[]> =>
    scorer.scoreSequences(
      sequences.map(({ ids }) => ids),
      advance,
      { ...options, scoredFrom: sequences.map(({ scoredFrom }) => scoredFrom) },
    );
  if (sequences.length === 0 || baseline === undefined) return { losses: await score({}), divergences: undefined };
  if (baseline.kind === 'keep') {
    const states = await KeptStates.create(baseline.folder, sequences);
    try {
      const losses = await score({ keep: (sequence, values) => states.write(sequence, values) });
      await states.finish();
      return { losses, divergences: undefined };
    } catch (error) {
      await states.close();
      throw error;
    }
  }
  const states = await KeptStates.open(baseline.folder, sequences);
  const divergences = new Array<Divergence>(sequences.length);
  try {
    const losses = await score({
      compare: {
        head: baseline.head,
        states: (sequence) => states.read(sequence),
        found: (sequence, divergence) => (divergences[sequence] = divergence),
      },
    });
    return { losses, divergences };
  } finally {
    await states.close();
  }
}

function groupByRequest(encoded: readonly EncodedRequest[], divergences: readonly Divergence[]): Divergence[][] {
  let next = 0;
  return encoded.map(({ kind, sequences }) =>
    isWhole(kind) ? divergences.slice(next, (next += sequences.length)) : [],
  );
}

function collectResults(
  encoded: EncodedRequest[],
  pairs: SequenceScore[],
  whole: number[],
  generated: readonly (GenerateResult | ThroughputResult)[],
): RequestResult[] {
  let nextPair = 0;
  let nextWhole = 0;
  return encoded.map(({ kind, sequences, scoredTokens: tokens, window = 0, stride }, index): RequestResult => {
    if (kind === 'generate' || kind === 'throughput') return generated[index];
    if (kind === 'logLikelihood') {
      const { logprob, isGreedy } = pairs[nextPair++];
      return { kind, logprob: requireFinite(logprob, index), isGreedy, tokens };
    }
    const logprobs = sequences.map(() => requireFinite(whole[nextWhole++], index));
    if (kind === 'rolling') return { kind, logprob: logprobs.reduce((sum, value) => sum + value, 0), tokens };
    const scoredTokens = sequences.map(({ ids, scoredFrom }) => ids.length - scoredFrom);
    const meanLosses = logprobs.map((logprob, at) => -logprob / scoredTokens[at]);
    return { kind, meanLosses, scoredTokens, tokensPerWindow: window, ...(stride === undefined ? {} : { stride }) };
  });
}

/** A broken quantized model is a failed cell, not a score: comparisons with NaN would pick an answer silently. */
function requireFinite(logprob: number, request: number): number {
  if (Number.isFinite(logprob)) return logprob;
  throw new LowbitError(
    'METHOD_FAILED',
    `Log-probabilities should be finite, but the model gave ${logprob} for request ${request}; its weights or activations overflow, so use more bits or another method.`,
  );
}

/** Counts tokens done towards those of the pairs, once they are expected, and `others`. */
function countTo(
  others: number,
  progress: ScoreOptions['progress'],
): { advance: (tokens: number) => void; expect: (pairTokens: number) => void } {
  let done = 0;
  let total = others;
  return {
    expect: (pairTokens) => {
      total = pairTokens + others;
    },
    advance: (tokens) => {
      // A scorer may count a sequence's last token, which the total leaves out.
      done = Math.min(total, done + tokens);
      progress?.(done, total);
    },
  };
}
