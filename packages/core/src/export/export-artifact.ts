import { mkdir, rename, rm } from 'node:fs/promises';
import type { Kernels } from '@lowbit/kernels';
import { openArtifact } from '../artifact/artifact.js';
import { LowbitError, nearestName } from '../errors.js';
import type { Method } from '../method.js';
import { blockLinears } from '../model/decoder.js';
import type { ResolvedRecipe } from '../recipe.js';
import { refuse } from './format.js';
import type { ExportFormat, ExportSource } from './format.js';
import { exportFormats } from './index.js';
import { requireWeightTypes } from './hugging-face-folder.js';
import { readGrid } from './layer-grid.js';

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

/** Throws EXPORT_REFUSED for a recipe whose artifact the format could not hold, before it is run. */
export function checkRecipeExport(format: ExportFormat, { steps }: ResolvedRecipe): void {
  const { name, limits } = format;
  for (const { method, options, layers } of steps) {
    checkGrid(format, method, options);
    for (const override of layers) {
      const own = 'off' in override ? {} : override.options;
      checkGrid(format, method, own);
      const other = ['bits', 'groupSize'].find((key) => key in own && own[key] !== options[key]);
      if (limits.oneGrid && method.bits !== undefined && other !== undefined)
        refuse(
          name,
          `'${override.match}' has ${other}=${String(own[other])}, and its config has one entry for all layers`,
          'quantize all layers alike, or export to compressed-tensors',
        );
      if (limits.allLayers && method.bits !== undefined && 'off' in override)
        refuse(
          name,
          `'${override.match}' stays float, and its config cannot say which layers do`,
          'quantize it too, or export to compressed-tensors',
        );
    }
    const [end] = method.ends?.(options) ?? [];
    if (end !== undefined)
      refuse(name, `${method.name} quantizes the ${end}, and only blocks are exported`, 'leave it out of the recipe');
  }
}

/** Width and scales, as far as these options of a step name them. */
function checkGrid({ name, limits }: ExportFormat, method: Method, options: Record<string, unknown>): void {
  // Only steps on weights have bits of weights.
  if (method.bits === undefined) return;
  const { bits, arithmetic = 'float32' } = options;
  const { scaleType, weightType } =
    arithmetic === 'float32' ? options : { scaleType: arithmetic, weightType: arithmetic };
  if (limits.halfScales && scaleType === 'float32')
    refuse(name, `${method.name} has scaleType=float32, and scales are float16 there`, 'set scaleType=float16');
  if (limits.decodesTo !== undefined && weightType !== undefined && weightType !== limits.decodesTo)
    refuse(
      name,
      `${method.name} has weightType=${String(weightType)}, and its loaders decode to ${limits.decodesTo}`,
      'leave it out',
    );
  if (typeof bits === 'number' && limits.bits?.includes(bits) === false)
    refuse(
      name,
      `${method.name} has bits=${bits}, and the format has ${limits.bits.join(', ')}`,
      `set bits=${limits.bits.at(-1)}`,
    );
}

async function openSource(path: string, { name }: ExportFormat, kernels: Kernels): Promise<ExportSource> {
  const artifact = await openArtifact(path);
  const linears = artifact.record.decoder.blocks.flatMap(blockLinears);
  const isEncoded = (tensor: string): boolean => artifact.record.weights[tensor] !== undefined;
  const inBlocks = new Set(linears.map(({ weight }) => weight.tensor));
  const outside = Object.keys(artifact.record.weights).find((tensor) => !inBlocks.has(tensor));
  if (outside !== undefined)
    refuse(
      name,
      `${outside} is quantized, and only blocks are exported`,
      'leave head and embeddings out of the recipe',
    );
  const layers = [];
  for (const linear of linears)
    if (isEncoded(linear.weight.tensor)) layers.push(await readGrid(artifact, linear, kernels, name));
  return { artifact, kernels, layers, floats: linears.filter(({ weight }) => !isEncoded(weight.tensor)) };
}
