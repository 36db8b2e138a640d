import type { Kernels } from '@lowbit/kernels';
import { checkWindows } from '../check-windows.js';
import type { Experiment } from '../experiment.js';
import type { PlannedModel, PlannedTask } from '../plan.js';
import type { ResolvedRecipe } from '../recipe.js';
import { openChat } from '../scoring/prompts.js';
import type { ModelRecord } from '../store/types.js';
import { isOutside } from './model-name.js';
import { inspectOutside, openOutsideTokenizer, refuseRecipe } from './open.js';

/** The recipes are for the checkpoints of an experiment: where it has none, there must be no recipe but float. */
export function checkOutsideRecipes({ models }: Experiment, recipes: readonly ResolvedRecipe[]): void {
  const recipe = recipes.find(({ steps }) => steps.length > 0);
  const [first] = models;
  if (recipe && first && models.every(({ path }) => isOutside(path))) throw refuseRecipe(first.path, recipe.name);
}

/** Windows and chat template are checked as for other models. */
export async function planOutside(
  name: string | undefined,
  path: string,
  tasks: readonly PlannedTask[],
  experiment: Experiment,
  kernels: Kernels,
): Promise<PlannedModel> {
  const info = await inspectOutside(path, kernels);
  const tokenizer = await openOutsideTokenizer(info);
  for (const { choice, windows } of tasks) checkWindows(choice.window, windows, info, tokenizer);
  const chat = openChat(experiment.chatTemplate, tokenizer, info.name);
  const { family, digest, parameters, bitsPerWeight, source } = info;
  const record: ModelRecord = {
    ...{ name: name ?? info.name, family, digest, parameters, bitsPerWeight, source },
    tokenizerDigest: tokenizer.digest,
  };
  return { record, info, calibration: undefined, chatTemplate: chat?.template.sha256, artifacts: [] };
}

/** What a reader must see beside the figures. */
export function noteSource({ name, source }: ModelRecord): string[] {
  if (source === undefined) return [];
  const { engine, identity, facts } = source;
  if (identity === 'sha256') return [`${name} was computed by ${engine}, with the tokenizer of its file.`];
  return [`${name} was computed by the server at ${String(facts.url)}; which model that is, is the server's word.`];
}
