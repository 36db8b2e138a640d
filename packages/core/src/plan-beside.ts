import { LowbitError } from './errors.js';
import type { PlannedCell, PlannedModel } from './plan.js';
import type { ResolvedRecipe } from './recipe.js';
import type { RecipeRecord } from './store/types.js';

/** The one recipe that a model beside another brings, by the name that the experiment gives the model. */
export function nameBeside<R extends { record: RecipeRecord; resolved: ResolvedRecipe }>(
  { beside, info }: PlannedModel,
  name: string | undefined,
  own: R[],
): R[] {
  if (beside === undefined) return own;
  if (info.recipe === undefined)
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `Expected a model with a recipe of its own beside ${beside} (an artifact, a GGUF file, a server), got the checkpoint ${info.path}; leave beside out.`,
    );
  return own.map((each) => ({ ...each, record: { ...each.record, name: name ?? each.record.name } }));
}

/** Rows stand beside a model that has a table, under names of their own there. */
export function checkBeside(models: readonly PlannedModel[], cells: readonly PlannedCell[]): void {
  for (const { beside, record } of models) {
    if (beside === undefined) continue;
    if (!models.some((other) => other.beside === undefined && other.record.name === beside))
      throw new LowbitError(
        'EXPERIMENT_OPTION',
        `Expected ${record.name} beside another model of the experiment, got '${beside}'; name one by its name there.`,
      );
    const own = cells.filter(({ owner }) => owner === record.name);
    const twin = own.find((cell) =>
      cells.some((other) => other.owner !== cell.owner && other.model === cell.model && other.recipe === cell.recipe),
    );
    if (twin)
      throw new LowbitError(
        'EXPERIMENT_OPTION',
        `Expected rows of different names beside ${beside}, but '${twin.recipe}' came twice; give the model another name.`,
      );
  }
}
