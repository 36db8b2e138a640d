import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openTokenizer } from '@lowbit/core';

/** Tokens of a calibration window, and of what is scored of a story at most. */
const [windowLength, storyLength] = [128, 256];

export interface Halves {
  /** Windows of the first half's stories, joined. */
  calibration: Int32Array[];
  /** The beginning of each story of the second half, BOS first. */
  evaluation: Int32Array[];
}

/**
 * 317 TinyStories (`calib/tiny.utf8`), encoded by a model's tokenizer: one half to calibrate on, the other to be scored.
 * Whole stories, so that no text is in both, and what is scored is independent from one to the next.
 */
export async function readStories(checkpoint: string, windows: number): Promise<Halves> {
  const text = await readFile(resolve('..', 'shared', 'data', 'calib', 'tiny.utf8'), 'utf8');
  const tokenizer = await openTokenizer(checkpoint);
  const stories = text
    .split('<|endoftext|>')
    .map((story) => story.trim())
    .filter((story) => story.length > 200);
  const half = Math.ceil(stories.length / 2);
  const encode = (list: string[]): Int32Array[] => list.map((story) => tokenizer.encode(story, { special: true }));
  const joined = Int32Array.from(encode(stories.slice(0, half)).flatMap((ids) => [...ids]));
  return {
    calibration: Array.from({ length: windows }, (_, i) => joined.slice(i * windowLength, (i + 1) * windowLength)),
    evaluation: encode(stories.slice(half)).map((ids) => ids.slice(0, storyLength)),
  };
}
