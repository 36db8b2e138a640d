import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { GenerateResult, Request, RequestResult, ThroughputResult } from '../task.js';
import { encodeRequests, type EncodedRequest } from './encode-requests.js';
import { generateAll, planGeneration } from './generate-all.js';
import { defaultPackTokens, packAlone, packSequences, type PackedSequences } from './pack.js';
import type { TokenSequence } from './encode.js';
import { KeptStates } from './kept-states.js';
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
  /** Tokens that it has to be fed: each distinct prefix of continuations once, windows whole. */
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

/** Log-probability of a token sequence's scored part, float64 sums over the scorer's float32 losses. */
interface SequenceScore {
  logprob: number;
  isGreedy: boolean;
}

/**
 * Texts in, log-probabilities out: requests are encoded as lm-evaluation-harness does, continuations computed as packed
 * trees, windows as plain sequences. Results are in the order of the requests; so are the divergences from a baseline, one
 * a window, which pairs do not have.
 */
export async function scoreRequests(
  requests: readonly Request[],
  options: ScoreOptions,
): Promise<{ results: RequestResult[]; divergences: Divergence[][] | undefined; counts: ScoreCounts }> {
  const encoded = encodeRequests(requests, {
    tokenizer: options.tokenizer,
    contextLength: options.scorer.contextLength,
    window: options.window,
    maxWindows: options.maxWindows,
  });
  const pairs = encoded.filter(({ kind }) => kind === 'logLikelihood').flatMap(({ sequences }) => sequences);
  const whole = encoded.filter(({ kind }) => isWhole(kind)).flatMap(({ sequences }) => sequences);
  const written = planGeneration(requests, encoded);
  const packed = options.scorer.sharesPrefixes
    ? packSequences(pairs, options.packTokens ?? defaultPackTokens)
    : packAlone(pairs);
  const wholeTokens = whole.reduce((sum, { ids }) => sum + ids.length - 1, 0);
  const advance = countTo(packed.computedTokens + wholeTokens + written.tokens, options.progress);

  const pairScores = await scorePacked(packed, pairs.length, options.scorer, advance);
  const { losses, divergences } = await scoreWhole(whole, options, advance);
  const generated = await generateAll(written, options, advance);
  const wholeScores = losses.map((nll) => nll.reduce((sum, loss) => sum - loss, 0));

  const sequences = encoded.flatMap((request) => request.sequences);
  const windows = encoded.reduce((sum, request) => sum + (isWhole(request.kind) ? request.sequences.length : 0), 0);
  return {
    results: collectResults(encoded, pairScores, wholeScores, generated.results),
    divergences: divergences && groupByRequest(encoded, divergences),
    counts: {
      tokens: sequences.reduce((sum, { ids }) => sum + ids.length, 0),
      unsharedTokens: packed.unsharedTokens + wholeTokens + generated.computedTokens,
      necessaryTokens: packed.necessaryTokens + wholeTokens + generated.computedTokens,
      computedTokens: packed.computedTokens + wholeTokens + generated.computedTokens,
      windows: windows > 0 ? windows : undefined,
      tokenSha256: hashTokenIds(sequences.map(({ ids }) => ids)),
      truncated: encoded.filter(({ lost }) => lost > 0).length,
    },
  };
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

function countTo(total: number, progress: ScoreOptions['progress']): (tokens: number) => void {
  let done = 0;
  return (tokens) => {
    // A scorer may count a sequence's last token, which the total leaves out.
    done = Math.min(total, done + tokens);
    progress?.(done, total);
  };
}
