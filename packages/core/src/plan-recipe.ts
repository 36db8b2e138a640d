import type { Operator, Operators, Site } from './draft/operators.js';
import { bindLayers, treatedLinears } from './layer-options.js';
import type { PlannedGrid } from './method.js';
import type { Decoder, Linear } from './model/decoder.js';
import type { ResolvedRecipe } from './recipe.js';

/** What a recipe will leave behind, known before it is run. */
export interface RecipePlan {
  /** By the linear's name, head and embedding included; one without an entry stays float, or its method says nothing. */
  grids: ReadonlyMap<string, PlannedGrid>;
  operators: Operators;
}

/**
 * All of a recipe's steps on this model: before anything is read, calibrated or run. Throws RECIPE_LAYER where a pattern
 * names no layer, and what the methods' `plan` throws.
 */
export function planRecipe({ steps }: ResolvedRecipe, decoder: Decoder): RecipePlan {
  const grids = new Map<string, PlannedGrid>();
  const sites = new Map<Site, readonly Operator[]>();
  const operators = (site: Site): readonly Operator[] => sites.get(site) ?? [];
  for (const step of steps) {
    const { method, options } = step;
    const bound = bindLayers(step, decoder);
    const layers = new Map<Linear, Record<string, unknown>>();
    for (const linear of treatedLinears(method, options, decoder)) {
      const own = bound.get(linear.name);
      if (own) layers.set(linear, own);
    }
    const planned = method.plan?.(decoder, { options, layers, operators }) ?? {};
    for (const [linear, grid] of planned.grids ?? []) grids.set(linear.name, grid);
    for (const [site, operator] of planned.operators ?? []) sites.set(site, [...operators(site), operator]);
  }
  return { grids, operators: sites };
}
