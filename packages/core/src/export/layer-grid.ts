import type { Kernels } from '@lowbit/kernels';
import type { Artifact } from '../artifact/artifact.js';
import { packedCodes, readAffineGrid } from '../formats/affine-grid.js';
import type { AffineGrid } from '../formats/affine-grid.js';
import type { Linear } from '../model/decoder.js';
import { refuse } from './format.js';

/** How one linear is encoded, its codes aside. */
export interface LayerGrid extends AffineGrid {
  linear: Linear;
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
