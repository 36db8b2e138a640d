import type { Codes, GridSpec, Kernels, Matrix, ScaleType } from '@lowbit/kernels';
import type { EncodedPart, StoredArray, TensorFormat } from './format.js';

const dtypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

/**
 * Integer codes of 2 to 8 bits, w = (code - zeroPoint) * scale in float32. Arrays: `codes` U8 `[rows, ceil(cols * bits / 8)]`,
 * each row a little-endian bit stream; `scales` `[rows, groups]`; `zeroPoints` (asymmetric grids) packed like codes;
 * `groupIndex` I32 `[cols]` where a column's group is not floor(column / groupSize). The part's spec is the `GridSpec`.
 */
export const affine: TensorFormat = {
  name: 'affine',
  description: 'integer codes of 2 to 8 bits with scale and zero point per tensor, channel or group',
  async decode(part, rows, cols, kernels) {
    const { arrays } = part;
    const spec = part.spec as unknown as GridSpec;
    const { bits } = spec.grid;
    const scales = await readScales(arrays['scales'] as StoredArray, kernels);
    const [scaleRows, groups] = arrays['scales']?.shape as [number, number];
    const codes = await kernels.unpack(arrays['codes']?.data as Uint8Array, rows, cols, bits);
    const zeros = arrays['zeroPoints'] && (await kernels.unpack(arrays['zeroPoints'].data, scaleRows, groups, bits));
    const zeroPoints = zeros && Float32Array.from(zeros);
    const index = arrays['groupIndex'];
    const groupIndex = index && new Int32Array(index.data.slice().buffer);
    return kernels.decode(codes, rows, cols, spec, { scales, zeroPoints, groups }, groupIndex);
  },
};

/** The stored form of codes that a kernel found on this grid. */
export async function storeAffine(
  found: Codes,
  shape: { rows: number; cols: number },
  spec: GridSpec,
  kernels: Kernels,
): Promise<EncodedPart> {
  const { rows, cols } = shape;
  const { bits } = spec.grid;
  const { scales, zeroPoints, groups } = found.parameters;
  const scaleRows = scales.length / groups;
  const packed = await kernels.pack(found.codes, rows, cols, bits);
  const arrays: Record<string, StoredArray> = {
    codes: { dtype: 'U8', shape: [rows, packed.length / rows], data: packed },
    scales: await storeScales(scales, [scaleRows, groups], spec.scaleType, kernels),
  };
  if (zeroPoints) {
    const data = await kernels.pack(Uint8Array.from(zeroPoints), scaleRows, groups, bits);
    arrays['zeroPoints'] = { dtype: 'U8', shape: [scaleRows, data.length / scaleRows], data };
  }
  if (found.groupIndex) arrays['groupIndex'] = { dtype: 'I32', shape: [cols], data: bytesOf(found.groupIndex) };
  return { format: affine.name, spec: { ...spec }, arrays };
}

/** Round to nearest: a grid from the weights alone, every weight to its nearest code. */
export async function encodeAffine(weight: Matrix, spec: GridSpec, kernels: Kernels): Promise<EncodedPart> {
  const parameters = await kernels.fitGrid(weight, spec);
  const codes = await kernels.encode(weight, spec, parameters);
  return storeAffine({ codes, parameters }, weight, spec, kernels);
}

async function storeScales(
  scales: Float32Array,
  shape: number[],
  type: ScaleType = 'float32',
  kernels: Kernels,
): Promise<StoredArray> {
  const dtype = dtypes[type];
  return { dtype, shape, data: dtype === 'F32' ? bytesOf(scales) : await kernels.narrow(scales, dtype) };
}

async function readScales({ dtype, data }: StoredArray, kernels: Kernels): Promise<Float32Array> {
  return dtype === 'F16' || dtype === 'BF16' ? kernels.widen(data, dtype) : new Float32Array(data.slice().buffer);
}

function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
}
