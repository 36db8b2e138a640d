import type { RunData } from './run-data.js';
import { slugify } from './slug.js';

/** Where a run's recipes are in the report: their pages beside it, and their rows in its tables. */
export interface RecipePages {
  /** `recipes/gptq-w4-g64.html`, relative to the report. */
  href(recipe: string): string;
  /** Of the row in the table of a model. */
  rowId(model: string, recipe: string): string;
  /** Of the section of a model. */
  modelId(model: string): string;
}

/** `prefix` tells the runs of one report apart; empty where it has but one. */
export function locateRecipes({ manifest }: RunData, prefix: string): RecipePages {
  const slugs = new Map(manifest.recipes.map(({ name }) => [name, slugify(name)]));
  const slugOf = (recipe: string): string => slugs.get(recipe) ?? slugify(recipe);
  const modelId = (model: string): string =>
    `${prefix}model${manifest.models.findIndex(({ name }) => name === model) + 1}`;
  return {
    href: (recipe) => `recipes/${prefix}${slugOf(recipe)}.html`,
    rowId: (model, recipe) => `${modelId(model)}-${slugOf(recipe)}`,
    modelId,
  };
}
