import type { Codes, GridSpec, Kernels, Matrix, ScaleType } from '@lowbit/kernels';
import type { FloatType } from '../draft/operators.js';
import type { EncodedPart, StoredArray, TensorFormat } from './format.js';
import { readFloats } from './read-floats.js';

/** A grid as a part's spec states it. */
export interface AffineSpec extends GridSpec {
  /** What decoded weights are rounded to, half to even, as a model in that type holds them. Absent: float32. */
  weightType?: FloatType | undefined;
}

const dtypes = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

/**
 * Integer codes of 2 to 8 bits, w = (code - zeroPoint) * scale in float32, rounded to `weightType`. Arrays: `codes` U8 `[rows, ceil(cols * bits / 8)]`,
 * each row a little-endian bit stream; `scales` `[rows, groups]`; `zeroPoints` (asymmetric grids) packed like codes;
 * `groupIndex` I32 `[cols]` where a column's group is not floor(column / groupSize). The part's spec is an `AffineSpec`.
 */
export const affine: TensorFormat = {
  name: 'affine',
  description: 'integer codes of 2 to 8 bits with scale and zero point per tensor, channel or group',
  async decode(part, rows, cols, kernels) {
    const { arrays } = part;
    const spec = part.spec as unknown as AffineSpec;
    const { bits } = spec.grid;
    const scales = await readFloats(arrays['scales'] as StoredArray, kernels);
    const [scaleRows, groups] = arrays['scales']?.shape as [number, number];
    const codes = await kernels.unpack(arrays['codes']?.data as Uint8Array, rows, cols, bits);
    const zeros = arrays['zeroPoints'] && (await kernels.unpack(arrays['zeroPoints'].data, scaleRows, groups, bits));
    const zeroPoints = zeros && Float32Array.from(zeros);
    const index = arrays['groupIndex'];
    const groupIndex = index && new Int32Array(index.data.slice().buffer);
    return decodeAffine(
      { codes, parameters: { scales, zeroPoints, groups }, groupIndex },
      { rows, cols },
      spec,
      kernels,
    );
  },
};

/** The weight `[rows, cols]` that codes stand for once they are stored. */
export async function decodeAffine(
  { codes, parameters, groupIndex }: Codes,
  { rows, cols }: { rows: number; cols: number },
  spec: AffineSpec,
  kernels: Kernels,
): Promise<Float32Array> {
  return roundValues(await kernels.decode(codes, rows, cols, spec, parameters, groupIndex), spec.weightType, kernels);
}

/** The stored form of codes that a kernel found on this grid. */
export async function storeAffine(
  found: Codes,
  shape: { rows: number; cols: number },
  spec: AffineSpec,
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
export async function encodeAffine(weight: Matrix, spec: AffineSpec, kernels: Kernels): Promise<EncodedPart> {
  const parameters = await kernels.fitGrid(weight, spec);
  const codes = await kernels.encode(weight, spec, parameters);
  return storeAffine({ codes, parameters }, weight, spec, kernels);
}

/**
 * The same as code in a half computes it, every step rounded: the weight, its step, the quotient, the product (methods.md
 * 4.3). For symmetric grids without a clip search: only they take one division from the weights to the step. In bfloat16
 * the greatest of 8 bits may come to 128, which SmoothQuant keeps in its float weights; as a code it saturates at 127.
 */
export async function encodeAffineIn(
  type: FloatType,
  weight: Matrix,
  grid: GridSpec,
  kernels: Kernels,
): Promise<EncodedPart> {
  const spec: AffineSpec = { ...grid, scaleType: type, weightType: type };
  const { rows, cols } = weight;
  const rounded = { rows, cols, data: await roundValues(weight.data, type, kernels) };
  const parameters = await kernels.fitGrid(rounded, spec);
  const { scales, groups } = parameters;
  const width = spec.granularity === 'group' ? spec.groupSize : cols;
  const isTensor = spec.granularity === 'tensor';
  const quotients = rounded.data.map((w, i) => {
    const place = isTensor ? 0 : Math.floor(i / cols) * groups + Math.floor((i % cols) / width);
    return w / (scales[place] as number);
  });
  const scaled = { rows, cols, data: await roundValues(quotients, type, kernels) };
  // What is left, rounding and clamping, is the grid's own with a step of 1.
  const ones = { ...parameters, scales: new Float32Array(scales.length).fill(1) };
  return storeAffine({ codes: await kernels.encode(scaled, spec, ones), parameters }, weight, spec, kernels);
}

/** Values as another type holds them, in float32 again. */
async function roundValues(values: Float32Array, type: FloatType = 'float32', kernels: Kernels): Promise<Float32Array> {
  const dtype = dtypes[type];
  return dtype === 'F32' ? values : kernels.widen(await kernels.narrow(values, dtype), dtype);
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

function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
}
