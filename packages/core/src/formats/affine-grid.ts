import type { GridSpec, Kernels } from '@lowbit/kernels';
import type { FloatType } from '../draft/operators.js';
import { affine } from './affine.js';
import type { AffineSpec } from './affine.js';
import type { EncodedWeight, StoredArray } from './format.js';
import { readFloats } from './read-floats.js';

/** How a weight is encoded on one affine grid, its codes aside. */
export interface AffineGrid {
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

/** The grid of a weight that is one affine part; undefined for every other. */
export async function readAffineGrid(
  { rows, cols, parts }: EncodedWeight,
  kernels: Kernels,
): Promise<AffineGrid | undefined> {
  const [part] = parts;
  if (part === undefined || parts.length > 1 || part.format !== affine.name) return undefined;
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
    ...{ rows, cols, bits, symmetric, groups, storedScales },
    weightType: spec.weightType ?? 'float32',
    granularity: spec.granularity,
    groupSize: spec.granularity === 'group' ? Math.min(spec.groupSize, cols) : cols,
    scales: scaleRows === rows ? scales : new Float32Array(rows).fill(scales[0] as number),
    zeroPoints: scaleRows === rows ? zeroPoints : new Uint8Array(rows).fill(zeroPoints[0] as number),
    groupIndex: index && new Int32Array(index.data.slice().buffer),
  };
}

/** The packed codes as stored: each row a little-endian bit stream, filled up to whole bytes. */
export function packedCodes({ parts }: EncodedWeight): Uint8Array {
  return (parts[0]?.arrays['codes'] as StoredArray).data;
}
