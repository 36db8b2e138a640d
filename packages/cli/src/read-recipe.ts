import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { LowbitError } from '@lowbit/core';
import type { ExperimentSpec } from '@lowbit/core';

type RecipeSpec = ExperimentSpec['recipes'][number];

/** A recipe as the command line names it: text, or a JSON file with `{ name?, recipe }` or `{ name?, steps }`. */
export async function readRecipe(text: string): Promise<RecipeSpec> {
  if (extname(text) !== '.json') return text;
  const value = await readJson(text);
  const named = {
    name: basename(text, '.json'),
    ...(Array.isArray(value) ? { steps: value as unknown[] } : (value as object)),
  };
  // Its shape is checked with the experiment that it becomes part of.
  return named as RecipeSpec;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LowbitError(
      'RECIPE_SYNTAX',
      `Expected ${file} to hold a recipe as JSON, but it cannot be read (${reason}); correct it.`,
      { cause },
    );
  }
}
