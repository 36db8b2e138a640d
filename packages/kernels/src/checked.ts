import {
  checkArray,
  checkBits,
  checkDampPercent,
  checkGptqOptions,
  checkGroupIndex,
  checkMatrix,
  checkOneOf,
  checkParameters,
  checkRotation,
  checkShape,
  checkShrinkage,
  checkSpec,
  checkWhole,
} from './checks.js';
import type { HalfType, Kernels } from './contract.js';
import { packedRowBytes } from './shape.js';

const HALF_TYPES: readonly HalfType[] = ['BF16', 'F16'];

/** Puts the checks of all arguments before an implementation, which can then trust them: native code must. */
export function checkedKernels(kernels: Kernels): Kernels {
  const checkFinite = async (name: string, values: Float32Array): Promise<void> => {
    const at = await kernels.firstNonFinite(values);
    if (at >= 0) throw new RangeError(`${name} must be finite, got ${values[at]} at place ${at}`);
  };

  return {
    implementation: kernels.implementation,
    instructionSet: kernels.instructionSet,
    async fitGrid(weight, spec) {
      checkMatrix('weight', weight);
      checkSpec(spec);
      await checkFinite('weight', weight.data);
      return kernels.fitGrid(weight, spec);
    },
    async encode(weight, spec, parameters, groupIndex) {
      checkMatrix('weight', weight);
      checkSpec(spec);
      checkParameters(spec, weight.rows, weight.cols, parameters);
      checkGroupIndex(groupIndex, weight.cols, parameters.groups);
      return kernels.encode(weight, spec, parameters, groupIndex);
    },
    async decode(codes, rows, cols, spec, parameters, groupIndex) {
      checkShape(rows, cols);
      checkArray('codes', codes, 'Uint8Array', rows * cols);
      checkSpec(spec);
      checkParameters(spec, rows, cols, parameters);
      checkGroupIndex(groupIndex, cols, parameters.groups);
      return kernels.decode(codes, rows, cols, spec, parameters, groupIndex);
    },
    async pack(codes, rows, cols, bits) {
      checkShape(rows, cols);
      checkBits(bits);
      checkArray('codes', codes, 'Uint8Array', rows * cols);
      return kernels.pack(codes, rows, cols, bits);
    },
    async unpack(packed, rows, cols, bits) {
      checkShape(rows, cols);
      checkBits(bits);
      checkArray('packed', packed, 'Uint8Array', rows * packedRowBytes(cols, bits));
      return kernels.unpack(packed, rows, cols, bits);
    },
    async addSecondMoment(moment, inputs, tokens, cols) {
      checkWhole('tokens', tokens, 0);
      checkWhole('cols', cols, 1);
      checkArray('moment', moment, 'Float32Array', cols * cols);
      checkArray('inputs', inputs, 'Float32Array', tokens * cols);
      await kernels.addSecondMoment(moment, inputs, tokens, cols);
    },
    async addColumnStatistics(statistics, inputs, tokens, cols) {
      checkWhole('tokens', tokens, 0);
      checkWhole('cols', cols, 1);
      checkArray('absMax', statistics.absMax, 'Float32Array', cols);
      checkArray('absSum', statistics.absSum, 'Float64Array', cols);
      checkArray('min', statistics.min, 'Float32Array', cols);
      checkArray('max', statistics.max, 'Float32Array', cols);
      checkArray('inputs', inputs, 'Float32Array', tokens * cols);
      await kernels.addColumnStatistics(statistics, inputs, tokens, cols);
    },
    async inverseFactor(moment, cols, dampPercent) {
      checkWhole('cols', cols, 1);
      checkArray('moment', moment, 'Float32Array', cols * cols);
      checkDampPercent(dampPercent);
      return kernels.inverseFactor(moment, cols, dampPercent);
    },
    async gptq(weight, moment, options) {
      checkMatrix('weight', weight);
      checkArray('moment', moment, 'Float32Array', weight.cols * weight.cols);
      checkGptqOptions(options);
      await checkFinite('weight', weight.data);
      return kernels.gptq(weight, moment, options);
    },
    async roundScaled(weight, factors, spec) {
      checkMatrix('weight', weight);
      checkArray('factors', factors, 'Float32Array', weight.cols);
      checkSpec(spec);
      await checkFinite('weight', weight.data);
      return kernels.roundScaled(weight, factors, spec);
    },
    async clipGroups(weight, samples, spec, search) {
      checkMatrix('weight', weight);
      checkSpec(spec);
      checkShrinkage(search);
      checkArray('samples', samples, 'Float32Array');
      if (samples.length % weight.cols !== 0)
        throw new RangeError(`samples must have whole rows of ${weight.cols} values, got ${samples.length}`);
      await checkFinite('weight', weight.data);
      return kernels.clipGroups(weight, samples, spec, search);
    },
    async quadraticError(delta, moment) {
      checkMatrix('delta', delta);
      checkArray('moment', moment, 'Float32Array', delta.cols * delta.cols);
      return kernels.quadraticError(delta, moment);
    },
    async rotate(values, outer, factors, inner) {
      checkRotation(values, outer, factors, inner);
      return kernels.rotate(values, outer, factors, inner);
    },
    async widen(bytes, dtype) {
      checkArray('bytes', bytes, 'Uint8Array');
      checkOneOf('dtype', dtype, HALF_TYPES);
      if (bytes.length % 2 !== 0) {
        throw new RangeError(`bytes must come in pairs for ${dtype}, got ${bytes.length}`);
      }
      return kernels.widen(bytes, dtype);
    },
    async narrow(values, dtype) {
      checkArray('values', values, 'Float32Array');
      checkOneOf('dtype', dtype, HALF_TYPES);
      return kernels.narrow(values, dtype);
    },
    async firstNonFinite(values) {
      checkArray('values', values, 'Float32Array');
      return kernels.firstNonFinite(values);
    },
    async sha256File(path) {
      try {
        return await kernels.sha256File(path);
      } catch (cause) {
        throw new Error(`the file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
          cause,
        });
      }
    },
  };
}
