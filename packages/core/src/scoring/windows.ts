import { LowbitError } from '../errors.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { Windows } from '../task.js';
import { drawWindows } from './draw-windows.js';
import type { TokenSequence } from './encode.js';

export interface CutWindows {
  sequences: TokenSequence[];
  /** As the protocol's name says it. */
  window: number;
  stride: number | undefined;
  /** Tokens of a document beyond its window. */
  lost: number;
}

/** The sequences of a `windows` request, at most `maxWindows`. A text too short for its protocol is a TASK_SHORT error. */
export function cutRequest(request: Windows, window: number, tokenizer: Tokenizer, maxWindows = Infinity): CutWindows {
  const from = (scoredFrom: number) => (ids: Int32Array) => ({ ids, scoredFrom });
  const cut = (sequences: TokenSequence[]): CutWindows => ({
    ...{ sequences: sequences.slice(0, maxWindows), window },
    ...{ stride: undefined, lost: 0 },
  });
  const encode = (text: string): Int32Array => tokenizer.encode(text, { special: true });
  switch (request.cut) {
    case undefined:
    case 'papers':
      return cut(cutWindows(encode(request.text), window, request.count).map(from(1)));
    case 'llama.cpp':
      return cut(cutChunks(encode(request.text), window, tokenizer).map(from(Math.floor(window / 2) + 1)));
    case 'strided': {
      const stride = Math.max(1, Math.round((request.stride / request.window) * window));
      return { ...cut(cutStrided(encode(request.text), window, stride)), stride };
    }
    case 'document': {
      const ids = encode(request.text);
      const kept = ids.subarray(0, window);
      // A document of one token has nothing to predict.
      return { ...cut(kept.length < 2 ? [] : [from(1)(kept)]), lost: ids.length - kept.length };
    }
    case 'drawn':
      return cut(drawWindows(request, window, encode).map(from(1)));
  }
}

/**
 * The papers' windows: consecutive, of equal length, incomplete tail dropped; the first `maxWindows` of them.
 * (GPTQ, AWQ, SmoothQuant, QuaRot.) A text shorter than one window is a TASK_SHORT error.
 */
export function cutWindows(ids: Int32Array, window: number, maxWindows = Infinity): Int32Array[] {
  const count = Math.min(Math.floor(ids.length / window), maxWindows);
  if (count < 1)
    throw new LowbitError(
      'TASK_SHORT',
      `The text should fill at least one window of ${window} tokens, but it has ${ids.length}; choose a shorter window.`,
    );
  return Array.from({ length: count }, (_, index) => ids.slice(index * window, (index + 1) * window));
}

/** As `perplexity` of llama.cpp's tools/perplexity/perplexity.cpp forms its chunks. */
function cutChunks(ids: Int32Array, window: number, { addsBos, bosId }: Tokenizer): Int32Array[] {
  if (ids.length < 2 * window)
    throw new LowbitError(
      'TASK_SHORT',
      `llama.cpp's perplexity needs two windows of ${window} tokens, but the text has ${ids.length}; choose a shorter window.`,
    );
  return cutWindows(ids, window).map((chunk) => {
    if (addsBos && bosId !== undefined) chunk[0] = bosId;
    return chunk;
  });
}

function cutStrided(ids: Int32Array, window: number, stride: number): TokenSequence[] {
  if (ids.length < 2)
    throw new LowbitError(
      'TASK_SHORT',
      `Strided windows need a text of at least two tokens, but it has ${ids.length}; give it more text.`,
    );
  const sequences: TokenSequence[] = [];
  for (let begin = 0, seen = 1; seen < ids.length; begin += stride) {
    const end = Math.min(begin + window, ids.length);
    sequences.push({ ids: ids.slice(begin, end), scoredFrom: Math.max(1, seen - begin) });
    seen = end;
  }
  return sequences;
}
