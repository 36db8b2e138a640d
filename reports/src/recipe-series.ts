import type { RecipeRecord } from '@lowbit/core';

/** What a recipe is when its bits are left out: the line it lies on in a plot, and the method column of the table. */
export type SeriesNames = ReadonlyMap<string, string>;

/**
 * Recipe name to series name: the methods joined by `+`, then the options that set the recipe apart from most others of
 * the same methods (`gptq groupSize=64`), bits aside. A recipe without steps is `float`.
 */
export function nameSeries(recipes: readonly RecipeRecord[]): SeriesNames {
  const names = new Map<string, string>();
  for (const recipe of recipes) {
    const methods = joinMethods(recipe);
    const alike = recipes.filter((other) => joinMethods(other) === methods);
    names.set(recipe.name, [methods, ...distinctOptions(recipe, alike)].join(' '));
  }
  return names;
}

export function isFloat(recipe: RecipeRecord): boolean {
  return recipe.steps.length === 0;
}

function joinMethods(recipe: RecipeRecord): string {
  return isFloat(recipe) ? 'float' : recipe.steps.map((step) => step.method).join('+');
}

function distinctOptions(recipe: RecipeRecord, alike: readonly RecipeRecord[]): string[] {
  return recipe.steps.flatMap((step, index) => [
    ...Object.entries(step.options)
      .filter(([key]) => key !== 'bits')
      .filter(([key, value]) => {
        const same = alike.filter((other) => sameOption(other.steps[index]?.options[key], value));
        return same.length * 2 <= alike.length;
      })
      .map(([key, value]) => `${key}=${formatOption(value)}`),
    ...listOverrides(step),
  ]);
}

/** What a step does otherwise in some layers, as it is written in a recipe: `*.down_proj:bits=8`. */
export function listOverrides({ layers = [] }: RecipeRecord['steps'][number]): string[] {
  return layers.map((override) => {
    if ('off' in override) return `${override.match}:off`;
    const options = Object.entries(override.options).map(([key, value]) => `${key}=${formatOption(value)}`);
    return `${override.match}:${options.join(',')}`;
  });
}

function sameOption(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** An option's value as it is written in a recipe: text bare, anything else as JSON. */
export function formatOption(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}
