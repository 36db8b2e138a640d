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
}

/**
 * Quantizes one model by all recipes together and stores each as an artifact. A folder appears whole, by a rename. The
 * result holds the error of each recipe that failed, undefined for those that are there.
 */
export async function makeArtifacts(request: ArtifactRequest): Promise<Map<string, LowbitError | undefined>> {
  const { kernels, calibration, recipes } = request;
  const checkpoint = await openCheckpoint(request.checkpoint, kernels);
  await checkFinite(checkpoint, kernels);
  const writers = new Map<ResolvedRecipe, ArtifactWriter>();
  for (const { recipe, folder } of recipes)
    writers.set(recipe, await ArtifactWriter.create(checkpoint, recipe, folder));
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
  });
  const outcome = new Map<string, LowbitError | undefined>();
  for (const [recipe, result] of drafts) {
    const writer = writers.get(recipe);
    if (result instanceof LowbitError) await writer?.discard();
    else await writer?.finish(result, calibration?.record, kernels);
    outcome.set(recipe.name, result instanceof LowbitError ? result : undefined);
  }
  return outcome;
}
