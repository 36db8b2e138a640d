import { LowbitError } from '../errors.js';
import type { Generate, GenerateResult } from '../generation-requests.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { TextEncoder } from './encode.js';
import { fillPrompt } from './fill-prompt.js';
import type { TokenScorer } from './token-scorer.js';

export interface GenerationOptions {
  tokenizer: Tokenizer;
  scorer: TokenScorer;
  /** Told of tokens fed or saved, `maxTokens` a prompt beside the prompt's own. */
  advance: (tokens: number) => void;
}

/** A prompt as ids, cut from the left to leave room for the continuation: `lost` is how many tokens it lost. */
export function encodePrompt(
  request: Generate,
  encoder: Pick<TextEncoder, 'encodeText' | 'prefixId'>,
  contextLength: number,
): { ids: Int32Array; lost: number } {
  checkRequest(request, contextLength);
  const whole = request.fill ? fillPrompt(request, request.fill, encoder) : encoder.encodeText(request.prompt);
  // An empty prompt is conditioned on what a text without context is.
  const ids = whole.length > 0 ? whole : Int32Array.of(encoder.prefixId);
  const lost = Math.max(0, ids.length + request.maxTokens - contextLength);
  return { ids: ids.subarray(lost), lost };
}

function checkRequest({ maxTokens, until }: Generate, contextLength: number): void {
  if (!(Number.isInteger(maxTokens) && maxTokens >= 1))
    throw new LowbitError(
      'TASK_DATA',
      `Expected maxTokens of a continuation to be an integer from 1, got ${maxTokens}; correct the task.`,
    );
  if (maxTokens >= contextLength)
    throw new LowbitError(
      'TASK_DATA',
      `Expected a context longer than the ${maxTokens} tokens that a continuation may have, got one of ${contextLength}; leave the task out for this model.`,
    );
  if (until.includes(''))
    throw new LowbitError(
      'TASK_DATA',
      'Expected stop strings of at least one character, got an empty one; leave it out.',
    );
}

/** Greedy continuations as text, in order of the requests; and the tokens that went through the model behind the prompts. */
export async function generateTexts(
  requests: readonly Generate[],
  prompts: readonly Int32Array[],
  { tokenizer, scorer, advance }: GenerationOptions,
): Promise<{ results: GenerateResult[]; computedTokens: number }> {
  const results = new Array<GenerateResult>(requests.length);
  let computedTokens = 0;
  for (const [maxTokens, indices] of groupByLength(requests)) {
    const { generate } = requireGenerator(scorer);
    const isLast = indices.map((i) => createStop((requests[i] as Generate).until, tokenizer));
    const found = await generate.call(
      scorer,
      indices.map((i) => prompts[i] as Int32Array),
      { maxTokens, isLast: (prompt, ids) => isLast[prompt]?.(ids) ?? false, progress: advance },
    );
    for (const [at, { ids, finish }] of found.entries()) {
      const index = indices[at] as number;
      const text = cutText(tokenizer.decode(ids, { special: false }), (requests[index] as Generate).until);
      results[index] = { kind: 'generate', text, tokens: ids.length, finish };
      // The last one is never fed.
      computedTokens += ids.length - 1;
      advance(maxTokens - (ids.length - 1));
    }
  }
  return { results, computedTokens };
}

/** The scorer if it can continue texts; TASK_UNFIT otherwise. */
export function requireGenerator(scorer: TokenScorer): Required<Pick<TokenScorer, 'generate'>> {
  if (scorer.generate) return scorer as Required<Pick<TokenScorer, 'generate'>>;
  throw new LowbitError(
    'TASK_UNFIT',
    'Expected a model that can continue a text, got one that only gives log-probabilities; leave tasks of generation out for it.',
  );
}

function groupByLength(requests: readonly Generate[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [i, { maxTokens }] of requests.entries()) groups.set(maxTokens, [...(groups.get(maxTokens) ?? []), i]);
  return groups;
}

/** Whether a continuation is over: its last token ends it, or its end has a stop string, special tokens shown. */
function createStop(until: readonly string[], tokenizer: Tokenizer): (ids: readonly number[]) => boolean {
  const { eosId } = tokenizer;
  const ends = new Set([...(eosId === undefined ? [] : [eosId]), ...(tokenizer.endIds ?? [])]);
  // A token is a byte at least, so a stop string of n bytes that the last token completes began within the last n.
  const reach = Math.max(0, ...until.map((text) => Buffer.byteLength(text))) + 4;
  return (ids) => {
    if (ends.has(ids.at(-1) as number)) return true;
    if (until.length === 0) return false;
    const tail = tokenizer.decode(ids.slice(-reach));
    return until.some((text) => tail.includes(text));
  };
}

function cutText(text: string, until: readonly string[]): string {
  const places = until.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
  return text.slice(0, Math.min(text.length, ...places));
}
