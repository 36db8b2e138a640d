import { LowbitError } from '../errors.js';
import type { Filling, Generate } from '../generation-requests.js';
import type { TextEncoder } from './encode.js';

/**
 * The longest prompt of its kind that leaves room for the continuation. Tokens grow with the copies by as many each, but for
 * the seams, so the count is estimated and then corrected. TASK_DATA where not even the empty one fits.
 */
export function fillPrompt(
  { prompt, maxTokens }: Pick<Generate, 'prompt' | 'maxTokens'>,
  fill: Filling,
  encoder: Pick<TextEncoder, 'encodeText'>,
): Int32Array {
  const limit = fill.tokens - maxTokens;
  const encode = (copies: number): Int32Array => encoder.encodeText(placeCopies(prompt, fill, copies));
  const empty = encode(0);
  if (empty.length > limit)
    throw new LowbitError(
      'TASK_DATA',
      `Expected a prompt of at most ${limit} tokens beside what fills it, got ${empty.length}; ask for longer ones.`,
    );
  const sample = 8;
  const each = Math.max(1, encode(sample).length - empty.length) / sample;
  let copies = Math.max(0, Math.floor((limit - empty.length) / each));
  let found = encode(copies);
  while (found.length > limit) found = encode(--copies);
  for (let next = encode(copies + 1); next.length <= limit; next = encode(++copies + 1)) found = next;
  return found;
}

function placeCopies(prompt: string, { place, text, depth }: Filling, copies: number): string {
  const parts = prompt.split(place);
  if (parts.length !== 3)
    throw new LowbitError(
      'TASK_DATA',
      `Expected the mark of a prompt to be filled twice, got it ${parts.length - 1} times; correct the task.`,
    );
  const first = Math.round(copies * depth);
  const [before = '', between = '', after = ''] = parts;
  return before + text.repeat(first) + between + text.repeat(copies - first) + after;
}
