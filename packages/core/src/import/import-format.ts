import type { GridName, GridSpec, Kernels } from '@lowbit/kernels';
import { readTensorBytes } from '../artifact/tensor-bytes.js';
import { LowbitError } from '../errors.js';
import { transposeArray } from '../export/transpose.js';
import { storeAffine } from '../formats/affine.js';
import type { EncodedPart } from '../formats/format.js';
import type { ConfigReader } from '../model/config-reader.js';
import type { Operators } from '../draft/operators.js';
import type { Decoder, Linear } from '../model/decoder.js';
import type { JsonObject } from '../model/json.js';
import { isFloatDtype } from '../model/dtype.js';
import type { StoredTensor } from '../model/safetensors.js';
import { widen } from '../model/widen.js';

/** A row of the table of foreign checkpoints, by `quant_method`. */
export interface ImportFormat {
  name: string;
  /** Checks `quantization_config`, whose plain form is `values`; errors: CONFIG_VALUE, CONFIG_KEY. */
  read(section: ConfigReader, values: JsonObject): LinearReader;
}

export interface LinearReader {
  /** What a linear's name is followed by in the names of the tensors that belong to its encoding. */
  suffixes: readonly string[];
  /** Nominal width of a code, for tables. */
  bits: number;
  /** Its tools quantize Conv1D modules (GPT-2) as linears. */
  convolutions?: boolean;
  /** Our own form of the same codes, scales and zero points. */
  readPart(linear: Linear, tensors: LinearTensors, kernels: Kernels): Promise<EncodedPart>;
  /** What is rounded in the forward pass; absent: nothing. */
  forward?: ForwardReader | undefined;
}

export interface ForwardReader {
  /** Tensors beside those of the linears' own encoding. */
  names(decoder: Decoder): readonly string[];
  read(decoder: Decoder, tensors: ReadonlyMap<string, StoredTensor>, kernels: Kernels): Promise<Operators>;
}

/** The stored tensors of one linear or other module, by suffix. */
export class LinearTensors {
  constructor(
    readonly linear: Pick<Linear, 'name'>,
    readonly tensors: ReadonlyMap<string, StoredTensor>,
  ) {}

  has(suffix: string): boolean {
    return this.tensors.has(`${this.linear.name}.${suffix}`);
  }

  /** Throws CHECKPOINT_TENSOR where it is not there, CHECKPOINT_SHAPE where it has another shape or dtype. */
  find(suffix: string, dtypes: readonly string[], shape?: readonly number[]): StoredTensor {
    const name = `${this.linear.name}.${suffix}`;
    const found = this.tensors.get(name);
    if (found === undefined)
      throw new LowbitError(
        'CHECKPOINT_TENSOR',
        `The quantization_config asks for tensor "${name}", and no weight file has it.`,
      );
    const fits = shape === undefined || String(shape) === String(found.shape);
    if (fits && dtypes.includes(found.dtype)) return found;
    const wanted = `${dtypes.join(' or ')}${shape === undefined ? '' : ` of shape [${shape.join(', ')}]`}`;
    throw new LowbitError(
      'CHECKPOINT_SHAPE',
      `Tensor "${name}" must be ${wanted}, and it is ${found.dtype} of shape [${found.shape.join(', ')}] in ${found.file}; config and weights do not belong together.`,
    );
  }

  async words(suffix: string, shape: readonly number[]): Promise<Uint32Array> {
    return new Uint32Array((await readTensorBytes(this.find(suffix, ['I32'], shape))).slice().buffer);
  }

  async bytes(suffix: string, shape: readonly number[]): Promise<Int8Array> {
    return new Int8Array((await readTensorBytes(this.find(suffix, ['I8'], shape))).slice().buffer);
  }

  /** Scales in float32, all finite, and the type that they are stored in. */
  async scales(suffix: string, kernels: Kernels, shape?: readonly number[]): Promise<StoredScales> {
    const found = this.find(suffix, ['F32', 'F16', 'BF16'], shape);
    const { dtype } = found;
    if (!isFloatDtype(dtype)) throw new RangeError(`${dtype} holds no scales.`);
    const values = await widen((await readTensorBytes(found)).slice(), dtype, kernels);
    const at = await kernels.firstNonFinite(values);
    if (at >= 0)
      throw new LowbitError(
        'CHECKPOINT_VALUE',
        `Every scale must be finite, and "${found.name}" in ${found.file} has an infinity or NaN at index ${at}; fetch the file again.`,
      );
    return { values, shape: found.shape, type: scaleTypes[dtype] };
  }
}

export interface StoredScales {
  values: Float32Array;
  shape: readonly number[];
  type: 'float32' | 'float16' | 'bfloat16';
}

const scaleTypes = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** A group index as stored, undefined where groups lie in order. Throws CHECKPOINT_VALUE. */
export function checkGroupIndex(
  index: Int32Array,
  { name }: Linear,
  groups: number,
  groupSize: number,
): Int32Array | undefined {
  const wrong = index.findIndex((group) => group < 0 || group >= groups);
  if (wrong >= 0)
    throw new LowbitError(
      'CHECKPOINT_VALUE',
      `Every column of ${name} must lie in one of its ${groups} groups, and column ${wrong} lies in ${index[wrong]}; fetch the file again.`,
    );
  return index.every((group, col) => group === Math.floor(col / groupSize)) ? undefined : index;
}

/** Codes `[rows, cols]` and zero points `[rows, groups]` with scales stored `[groups, rows]`, as AutoGPTQ and AutoAWQ keep them. */
export function storeGroups(
  { rows, cols }: Linear,
  grid: { name: GridName; bits: number; groupSize: number; groups: number },
  found: { codes: Uint8Array; zeroPoints: Float32Array; scales: StoredScales; groupIndex?: Int32Array | undefined },
  kernels: Kernels,
): Promise<EncodedPart> {
  const { name, bits, groupSize, groups } = grid;
  const { codes, zeroPoints, scales, groupIndex } = found;
  const spec: GridSpec = {
    grid: { name, symmetric: false, bits },
    granularity: groups === 1 ? 'channel' : 'group',
    groupSize,
    scaleType: scales.type,
  };
  const parameters = { scales: transposeArray(scales.values, groups, rows), zeroPoints, groups };
  return storeAffine({ codes, parameters, groupIndex }, { rows, cols }, spec, kernels);
}
