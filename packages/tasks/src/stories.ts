import { LowbitError, type DataFolder } from '@lowbit/core';

/** Whole stories, separated by lines `<|endoftext|>`, below the data folder. */
export const storiesFile = 'stories.txt';

export async function readStories(data: DataFolder): Promise<string[]> {
  const text = await data.readText(storiesFile);
  const stories = text
    .split('<|endoftext|>')
    .map((story) => story.trim())
    .filter((story) => story !== '');
  if (stories.length > 0) return stories;
  throw new LowbitError('TASK_DATA', `${storiesFile}, line 1: there is no story in it; get the official file again.`);
}

/**
 * A story as sentences: cut at the space after `.`, `!` or `?` and closing quotes, unless a small letter follows
 * (`"Nice!" it said.` is one). Line breaks are spaces.
 */
export function splitSentences(story: string): string[] {
  return story.replace(/\s+/g, ' ').split(/(?<=[.!?]["']*) (?![a-z])/);
}
