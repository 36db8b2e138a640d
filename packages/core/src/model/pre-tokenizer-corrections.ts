import { isJsonObject } from './json.js';
import type { JsonObject } from './json.js';

/**
 * Two steps of tokenizer.json that @huggingface/transformers 4 carries out otherwise than the Rust library, whose ids
 * every published number rests on; each is written here as a `Split`, which it carries out alike.
 *
 * - `Digits` splits at 0 to 9 alone; the original at every numeric character, so that a half (U+00BD) is cut off. Two
 *   of WikiText-2's 304,978 test ids depend on it, and the count of the validation ids.
 * - `ByteLevel` takes U+FEFF for white space and U+0085 for none; the original the other way round.
 */
export function correctPreTokenizer(step: unknown): unknown {
  if (!isJsonObject(step)) return step;
  const steps = Array.isArray(step.pretokenizers) ? step.pretokenizers.map(correctPreTokenizer) : [];
  switch (step.type) {
    case 'Sequence':
      return sequence(steps);
    case 'Digits':
      return split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+');
    case 'ByteLevel':
      // With a prefix space the order of the two parts would matter; no known tokenizer has both.
      if (step.use_regex === false || step.add_prefix_space === true) return step;
      return sequence([split(WORDS), { ...step, use_regex: false }]);
    default:
      return step;
  }
}

/** GPT-2's pattern. */
const WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const split = (pattern: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

const sequence = (pretokenizers: unknown[]): JsonObject => ({ type: 'Sequence', pretokenizers });
