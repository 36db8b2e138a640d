import type { Kernels } from '@lowbit/kernels';
import type { Artifact } from '../artifact/artifact.js';
import { packedCodes, readAffineGrid } from '../formats/affine-grid.js';
import type { AffineGrid } from '../formats/affine-grid.js';
import type { PlannedGrid } from '../method.js';
import type { Linear } from '../model/decoder.js';
import { refuse } from './format.js';

/** How one linear is encoded, its codes aside. */
export interface LayerGrid extends AffineGrid {
  linear: Linear;
}

/** What is known of it before a recipe is run. */
export type LayerPlan = Omit<LayerGrid, 'storedScales' | 'scales' | 'zeroPoints'>;

/** The plan of a linear that will be stored on this grid; the group index is a stand-in. */
export function planLayer(linear: Linear, spec: PlannedGrid): LayerPlan {
  const { rows, cols } = linear;
  const { granularity, weightType = 'float32' } = spec;
  const groupSize = granularity === 'group' ? Math.min(spec.groupSize, cols) : cols;
  const groups = Math.ceil(cols / groupSize);
  const groupIndex = spec.groupIndex && granularity === 'group' ? new Int32Array(cols) : undefined;
  const { bits, symmetric } = spec.grid;
  return { linear, rows, cols, bits, symmetric, granularity, groupSize, groups, weightType, groupIndex };
}

/** Throws EXPORT_REFUSED for a weight that is not one affine part: no target has sums or float parts. */
export async function readGrid(
  artifact: Artifact,
  linear: Linear,
  kernels: Kernels,
  format: string,
): Promise<LayerGrid> {
  const weight = await artifact.readWeight(linear.weight.tensor);
  const grid = await readAffineGrid(weight, kernels);
  if (grid === undefined)
    refuse(
      format,
      `${linear.name} is stored as ${weight.parts.map((each) => each.format).join(' + ') || 'nothing'}, and only one affine part can be exported`,
      'quantize it by one step that ends in a grid',
    );
  return { linear, ...grid };
}

/** The packed codes as stored: each row a little-endian bit stream, filled up to whole bytes. */
export async function readPackedCodes(artifact: Artifact, { linear }: LayerGrid): Promise<Uint8Array> {
  return packedCodes(await artifact.readWeight(linear.weight.tensor));
}

/** One code a byte, `[rows, cols]`. */
export async function readCodes(artifact: Artifact, layer: LayerGrid, kernels: Kernels): Promise<Uint8Array> {
  return kernels.unpack(await readPackedCodes(artifact, layer), layer.rows, layer.cols, layer.bits);
}
