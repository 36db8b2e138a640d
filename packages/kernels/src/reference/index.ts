import type { Kernels } from '../contract.js';
import { notPositiveDefinite } from '../errors.js';
import { inverseFactor } from './cholesky.js';
import { clipGroups } from './clip-groups.js';
import { decode, encode, fitGrid, roundScaled } from './codes.js';
import { sha256File } from './files.js';
import { narrow, widen } from './float-types.js';
import { gptq } from './gptq.js';
import { pack, unpack } from './packing.js';
import { rotate } from './rotate.js';
import { addColumnStatistics, addSecondMoment, quadraticError } from './statistics.js';

/** Plain TypeScript, kept beside the native kernels for ever: what they are compared with, and used without Rust. */
export const referenceKernels: Kernels = {
  implementation: 'reference',
  instructionSet: 'javascript',
  fitGrid: async (weight, spec) => fitGrid(weight, spec),
  encode: async (weight, spec, parameters, groupIndex) => encode(weight, spec, parameters, groupIndex),
  decode: async (codes, _rows, cols, spec, parameters, groupIndex) => decode(codes, cols, spec, parameters, groupIndex),
  pack: async (codes, rows, cols, bits) => pack(codes, rows, cols, bits),
  unpack: async (packed, rows, cols, bits) => unpack(packed, rows, cols, bits),
  addSecondMoment: async (moment, inputs, tokens, cols) => addSecondMoment(moment, inputs, tokens, cols),
  addColumnStatistics: async (statistics, inputs, _tokens, cols) => addColumnStatistics(statistics, inputs, cols),
  inverseFactor: async (moment, cols, dampPercent) => {
    let trace = 0;
    for (let j = 0; j < cols; j++) trace += moment[j * cols + j]!;
    const damp = Math.fround((dampPercent * trace) / cols);
    const damped = Float64Array.from(moment, (h, i) => (i % (cols + 1) === 0 ? h + damp : h));
    const factor = inverseFactor(damped, cols);
    if ('failedColumn' in factor) throw notPositiveDefinite(factor.failedColumn, dampPercent);
    return { factor: Float32Array.from(factor), damp };
  },
  gptq: async (weight, moment, options) => gptq(weight, moment, options),
  roundScaled: async (weight, factors, spec) => roundScaled(weight, factors, spec),
  clipGroups: async (weight, samples, spec, search) => clipGroups(weight, samples, spec, search),
  quadraticError: async (delta, moment) => quadraticError(delta, moment),
  rotate: async (values, outer, factors) => rotate(values, outer, factors),
  widen: async (bytes, dtype) => widen(bytes, dtype),
  narrow: async (values, dtype) => narrow(values, dtype),
  firstNonFinite: async (values) => values.findIndex((value) => !Number.isFinite(value)),
  sha256File,
};
