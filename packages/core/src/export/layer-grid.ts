import type { GridSpec, Kernels } from '@lowbit/kernels';
import type { Artifact } from '../artifact/artifact.js';
import { affine } from '../formats/affine.js';
import type { AffineSpec } from '../formats/affine.js';
import type { FloatType } from '../draft/operators.js';
import type { StoredArray } from '../formats/format.js';
import type { Linear } from '../model/decoder.js';
import { refuse } from './format.js';

/** How one linear is encoded, its codes aside. */
export interface LayerGrid {
  linear: Linear;
  rows: number;
  cols: number;
  bits: number;
  symmetric: boolean;
  granularity: GridSpec['granularity'];
  /** Columns that share a scale: all of them for a channel or tensor. */
  groupSize: number;
  groups: number;
  /** As stored, `[rows, groups]`, or one value for a tensor. */
  storedScales: StoredArray;
  /** float32 `[rows, groups]`; a tensor's one scale is repeated. */
  scales: Float32Array;
  /** `[rows, groups]`, in the domain of the codes; 2^(bits - 1) throughout where the grid is symmetric. */
  zeroPoints: Uint8Array;
  /** What decoded weights are rounded to. */
  weightType: FloatType;
  /** Column to group, where groups do not lie in order. */
  groupIndex: Int32Array | undefined;
}

/** Throws EXPORT_REFUSED for a weight that is not one affine part: no target has sums or float parts. */
export async function readGrid(
  artifact: Artifact,
  linear: Linear,
  kernels: Kernels,
  format: string,
): Promise<LayerGrid> {
  const { rows, cols, parts } = await artifact.readWeight(linear.weight.tensor);
  const [part] = parts;
  if (part === undefined || parts.length > 1 || part.format !== affine.name)
    refuse(
      format,
      `${linear.name} is stored as ${parts.map((each) => each.format).join(' + ') || 'nothing'}, and only one affine part can be exported`,
      'quantize it by one step that ends in a grid',
    );
  const spec = part.spec as unknown as AffineSpec;
  const { bits, symmetric } = spec.grid;
  const storedScales = part.arrays['scales'] as StoredArray;
  const [scaleRows, groups] = storedScales.shape as [number, number];
  const scales = await readFloats(storedScales, kernels);
  const zeros = part.arrays['zeroPoints'];
  const zeroPoints =
    zeros === undefined
      ? new Uint8Array(scaleRows * groups).fill(2 ** (bits - 1))
      : await kernels.unpack(zeros.data, scaleRows, groups, bits);
  const index = part.arrays['groupIndex'];
  return {
    ...{ linear, rows, cols, bits, symmetric, groups, storedScales },
    weightType: spec.weightType ?? 'float32',
    granularity: spec.granularity,
    groupSize: spec.granularity === 'group' ? Math.min(spec.groupSize, cols) : cols,
    scales: scaleRows === rows ? scales : new Float32Array(rows).fill(scales[0] as number),
    zeroPoints: scaleRows === rows ? zeroPoints : new Uint8Array(rows).fill(zeroPoints[0] as number),
    groupIndex: index && new Int32Array(index.data.slice().buffer),
  };
}

/** The packed codes as stored: each row a little-endian bit stream, filled up to whole bytes. */
export async function readPackedCodes(artifact: Artifact, { linear }: LayerGrid): Promise<Uint8Array> {
  const { parts } = await artifact.readWeight(linear.weight.tensor);
  return (parts[0]?.arrays['codes'] as StoredArray).data;
}

/** One code a byte, `[rows, cols]`. */
export async function readCodes(artifact: Artifact, layer: LayerGrid, kernels: Kernels): Promise<Uint8Array> {
  return kernels.unpack(await readPackedCodes(artifact, layer), layer.rows, layer.cols, layer.bits);
}

async function readFloats({ dtype, data }: StoredArray, kernels: Kernels): Promise<Float32Array> {
  return dtype === 'F16' || dtype === 'BF16' ? kernels.widen(data, dtype) : new Float32Array(data.slice().buffer);
}
