import { mkdir, rename, rm } from 'node:fs/promises';
import type { Kernels } from '@lowbit/kernels';
import { openArtifact } from '../artifact/artifact.js';
import { LowbitError, nearestName } from '../errors.js';
import { blockLinears } from '../model/decoder.js';
import type { Decoder } from '../model/decoder.js';
import { planRecipe } from '../plan-recipe.js';
import type { ResolvedRecipe } from '../recipe.js';
import { refuse } from './format.js';
import type { ExportFormat, ExportPlan, ExportSource } from './format.js';
import { exportFormats } from './index.js';
import { requireWeightType, requireWeightTypes } from './hugging-face-folder.js';
import { planLayer, readGrid } from './layer-grid.js';

export interface ExportOutcome {
  /** Encoded layers that were written. */
  layers: number;
  /** What a user must know about the files. */
  notes: string[];
}

/**
 * Writes an artifact in the format of another tool. Everything is checked first; the folder appears whole, by a rename,
 * in place of what was there. Errors: EXPORT_FORMAT, EXPORT_REFUSED, and those of `openArtifact`.
 */
export async function exportArtifact(
  path: string,
  format: ExportFormat,
  folder: string,
  kernels: Kernels,
): Promise<ExportOutcome> {
  const source = await openSource(path, format, kernels);
  format.checkPlan(source);
  await format.check(source);
  await requireWeightTypes(format, source);
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  try {
    const notes = await format.write(source, part);
    await rm(folder, { recursive: true, force: true });
    await rename(part, folder);
    return { layers: source.layers.length, notes };
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

export function findExportFormat(name: string): ExportFormat {
  const found = exportFormats.find((format) => format.name === name);
  if (found) return found;
  const names = exportFormats.map((format) => format.name);
  const near = nearestName(name, names);
  throw new LowbitError(
    'EXPORT_FORMAT',
    `Expected one of ${names.join(', ')}, got '${name}'; ${near === undefined ? 'name one of them' : `did you mean '${near}'?`}`,
  );
}

/** Throws EXPORT_REFUSED for a recipe whose artifact the format could not hold on this model, before it is run. */
export function checkRecipeExport(format: ExportFormat, recipe: ResolvedRecipe, decoder: Decoder): void {
  const { name, limits } = format;
  const { grids, operators } = planRecipe(recipe, decoder);
  const linears = decoder.blocks.flatMap(blockLinears);
  requireBlocksOnly(
    name,
    [...grids.keys()],
    linears.map((linear) => linear.name),
  );
  const layers = linears.flatMap((linear) => {
    const grid = grids.get(linear.name);
    return grid ? [planLayer(linear, grid)] : [];
  });
  const wide = layers.find(({ linear }) => (grids.get(linear.name)?.scaleType ?? 'float32') === 'float32');
  if (limits.halfScales && wide)
    refuse(
      name,
      `${wide.linear.name} has scaleType=float32, and scales are float16 there`,
      'quantize with scaleType=float16',
    );
  if (limits.decodesTo !== undefined) requireWeightType(name, layers, limits.decodesTo);
  // A method without a plan may encode anything: the artifact decides.
  if (recipe.steps.some(({ method }) => method.bits !== undefined && method.plan === undefined)) return;
  const floats = linears.filter((linear) => !grids.has(linear.name));
  format.checkPlan({ decoder, layers, floats, operators: Object.fromEntries(operators) });
}

function requireBlocksOnly(format: string, encoded: readonly string[], inBlocks: readonly string[]): void {
  const outside = encoded.find((each) => !inBlocks.includes(each));
  if (outside !== undefined)
    refuse(
      format,
      `${outside} is quantized, and only blocks are exported`,
      'leave head and embeddings out of the recipe',
    );
}

async function openSource(path: string, { name }: ExportFormat, kernels: Kernels): Promise<ExportSource> {
  const artifact = await openArtifact(path);
  const { decoder, operators } = artifact.record;
  const linears = decoder.blocks.flatMap(blockLinears);
  const isEncoded = (tensor: string): boolean => artifact.record.weights[tensor] !== undefined;
  requireBlocksOnly(
    name,
    Object.keys(artifact.record.weights),
    linears.map(({ weight }) => weight.tensor),
  );
  const layers = [];
  for (const linear of linears)
    if (isEncoded(linear.weight.tensor)) layers.push(await readGrid(artifact, linear, kernels, name));
  const floats = linears.filter(({ weight }) => !isEncoded(weight.tensor));
  return { artifact, kernels, layers, floats, decoder, operators: operators as unknown as ExportPlan['operators'] };
}
