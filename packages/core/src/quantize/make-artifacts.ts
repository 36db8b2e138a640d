import type { Kernels } from '@lowbit/kernels';
import { ArtifactWriter } from '../artifact/write.js';
import type { Device } from '../engine/runtime.js';
import { LowbitError } from '../errors.js';
import { checkFinite } from '../model/finite.js';
import { openCheckpoint } from '../model/checkpoint.js';
import type { ResolvedRecipe } from '../recipe.js';
import type { CalibrationRecord } from '../store/types.js';
import { statesBudget } from './hidden-states.js';
import { quantize } from './quantize.js';

export interface ArtifactRequest {
  /** Directory of the float model. */
  checkpoint: string;
  /** Where each recipe's artifact is to lie. */
  recipes: readonly { recipe: ResolvedRecipe; folder: string }[];
  calibration?: { sequences: readonly Int32Array[]; record: CalibrationRecord } | undefined;
  kernels: Kernels;
  device: Device;
  workFolder: string;
  onProgress?: ((done: number, total: number, what: string) => void) | undefined;
  /** What a recipe would have taken by itself, by its name; what all share, such as reading the checkpoint, counts whole. */
  onDone?: ((recipe: string, seconds: number) => void) | undefined;
}

/**
 * Quantizes one model by all recipes together and stores each as an artifact. A folder appears whole, by a rename. The
 * result holds the error of each recipe that failed, undefined for those that are there.
 */
export async function makeArtifacts(request: ArtifactRequest): Promise<Map<string, LowbitError | undefined>> {
  const { kernels, calibration, recipes } = request;
  const begin = performance.now();
  const checkpoint = await openCheckpoint(request.checkpoint, kernels);
  await checkFinite(checkpoint, kernels);
  const writers = new Map<ResolvedRecipe, ArtifactWriter>();
  for (const { recipe, folder } of recipes)
    writers.set(recipe, await ArtifactWriter.create(checkpoint, recipe, folder));
  const opened = performance.now() - begin;
  const seconds = new Map<ResolvedRecipe, number>();
  const drafts = await quantize({
    model: checkpoint,
    sources: checkpoint.tensors,
    recipes: recipes.map(({ recipe }) => recipe),
    calibration: calibration?.sequences,
    kernels,
    device: request.device,
    workFolder: request.workFolder,
    budgetBytes: statesBudget(),
    onProgress: request.onProgress,
    onBlock: async (recipe, block) => writers.get(recipe)?.addBlock(block),
    onDone: (recipe, own) => seconds.set(recipe, own),
  });
  const outcome = new Map<string, LowbitError | undefined>();
  for (const [recipe, result] of drafts) {
    const writer = writers.get(recipe);
    const closing = performance.now();
    if (result instanceof LowbitError) await writer?.discard();
    else await writer?.finish(result, calibration?.record, kernels);
    request.onDone?.(recipe.name, (seconds.get(recipe) ?? 0) + (opened + performance.now() - closing) / 1000);
    outcome.set(recipe.name, result instanceof LowbitError ? result : undefined);
  }
  return outcome;
}
