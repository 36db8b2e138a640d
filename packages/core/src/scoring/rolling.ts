import type { TokenSequence } from './encode.js';

/**
 * lm-evaluation-harness's disjoint windows over a whole text: every token is scored once. The first window begins with
 * `prefixId`; each later one feeds `window` tokens of which at least one is context, so that a short last window looks
 * back as far as the others. `window` is the number of tokens fed; a sequence has one more, its last target.
 * (lm_eval/utils.py `get_rolling_token_windows` with one token of context, `make_disjoint_window`.)
 */
export function rollText(tokens: Int32Array, prefixId: number, window: number): TokenSequence[] {
  if (tokens.length === 0) return [];
  const first = Math.min(window, tokens.length);
  const opening = new Int32Array(first + 1);
  opening[0] = prefixId;
  opening.set(tokens.subarray(0, first), 1);
  const sequences: TokenSequence[] = [{ ids: opening, scoredFrom: 1 }];
  for (let done = first; done < tokens.length;) {
    const count = Math.min(tokens.length - done, window);
    const end = done + count;
    sequences.push({ ids: tokens.slice(end - window - 1, end), scoredFrom: window + 1 - count });
    done = end;
  }
  return sequences;
}
