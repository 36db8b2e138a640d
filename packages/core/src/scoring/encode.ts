import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { stripEnd } from './python-text.js';

/** Tokens of which those from `scoredFrom` on are scored, each given all before it. The last one is never fed. */
export interface TokenSequence {
  ids: Int32Array;
  scoredFrom: number;
}

export interface EncodedPair {
  context: Int32Array;
  continuation: Int32Array;
}

/** Texts to ids as lm-evaluation-harness 0.4.13 does it for a Hugging Face causal model. */
export interface TextEncoder {
  /** BOS, or EOS where the tokenizer has no BOS: what a text without context is conditioned on. */
  readonly prefixId: number;
  /** One call with the tokenizer's own special tokens, unless the text begins with the prefix token already. */
  encodeText(text: string): Int32Array;
  encodePair(context: string, continuation: string): EncodedPair;
}

/** `encodePair` remembers its last context, because the choices of a document share one. */
export function createTextEncoder(tokenizer: Tokenizer): TextEncoder {
  const prefixId = prefixToken(tokenizer);
  const prefixText = tokenizer.decode([prefixId]);
  let lastContext: { text: string; ids: Int32Array } | undefined;

  function encodeText(text: string): Int32Array {
    const hasPrefix = prefixText.length > 0 && text.startsWith(prefixText);
    return tokenizer.encode(text, { special: !hasPrefix });
  }

  function encodeContext(text: string): Int32Array {
    if (lastContext?.text !== text) lastContext = { text, ids: encodeText(text) };
    return lastContext.ids;
  }

  function encodePair(context: string, continuation: string): EncodedPair {
    if (context === '') return startWithPrefix(tokenizer.encode(continuation, { special: false }), prefixId);
    const bare = stripEnd(context);
    const whole = encodeText(context + continuation);
    const ids = encodeContext(bare);
    // The harness refuses a context that is nothing but space to a tokenizer without BOS; the prefix token stands in.
    if (ids.length === 0) return startWithPrefix(whole, prefixId);
    // Split by count: the model is fed the context as encoded alone, even where the joint encoding differs at the seam.
    return { context: ids, continuation: whole.subarray(ids.length) };
  }

  return { prefixId, encodeText, encodePair };
}

/** A continuation that begins with the prefix token is not given a second one. */
function startWithPrefix(ids: Int32Array, prefixId: number): EncodedPair {
  if (ids[0] === prefixId) return { context: ids.subarray(0, 1), continuation: ids.subarray(1) };
  return { context: Int32Array.of(prefixId), continuation: ids };
}

function prefixToken(tokenizer: Tokenizer): number {
  const id = tokenizer.bosId ?? tokenizer.eosId;
  if (id !== undefined) return id;
  throw new LowbitError(
    'TOKENIZER_MISMATCH',
    'Scoring needs a token to begin with, but the tokenizer has neither a BOS nor an EOS token; name one in tokenizer_config.json.',
  );
}

/**
 * Context and continuation as one sequence of at most `contextLength` fed tokens, cut from the left as the harness does.
 * `lost` is the number of context tokens that were cut. A continuation of no tokens, or of more than `contextLength`,
 * is a TASK_DATA error, as it is refused there.
 */
export function joinPair(pair: EncodedPair, contextLength: number): { sequence: TokenSequence; lost: number } {
  const { context, continuation } = pair;
  if (continuation.length === 0)
    throw new LowbitError(
      'TASK_DATA',
      `A continuation should have at least one token of its own, but after a context of ${context.length} tokens it has none; give it text.`,
    );
  if (continuation.length > contextLength)
    throw new LowbitError(
      'TASK_DATA',
      `A continuation of ${continuation.length} tokens does not fit the model's context of ${contextLength}; score it as a rolling text.`,
    );
  const length = context.length + continuation.length;
  const lost = Math.max(0, length - (contextLength + 1));
  const ids = new Int32Array(length - lost);
  ids.set(context.subarray(lost));
  ids.set(continuation, context.length - lost);
  return { sequence: { ids, scoredFrom: context.length - lost }, lost };
}
