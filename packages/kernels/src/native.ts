import type { GridParameters, Kernels } from './contract.js';
import { codeTooLarge, notPositiveDefinite } from './errors.js';
import type { Layout, NativeAddon } from './native-addon.js';

/** The Rust kernels behind the contract. */
export function nativeKernels(addon: NativeAddon): Kernels {
  const inTurn = createTurns();
  return {
    implementation: 'native',
    instructionSet: addon.instructionSet,
    fitGrid: ({ data, cols }, spec) => addon.fitGrid(data, cols, spec),
    encode: ({ data, cols }, spec, parameters, groupIndex) =>
      addon.encode(data, cols, spec, ...layout(parameters, groupIndex)),
    decode: (codes, _rows, cols, spec, parameters, groupIndex) =>
      addon.decode(codes, cols, spec, ...layout(parameters, groupIndex)),
    pack: async (codes, _rows, cols, bits) => {
      const { packed, tooLargeAt } = await addon.pack(codes, cols, bits);
      if (!packed) throw codeTooLarge(codes[tooLargeAt]!, tooLargeAt, bits);
      return packed;
    },
    unpack: (packed, _rows, cols, bits) => addon.unpack(packed, cols, bits),
    addSecondMoment: (moment, inputs, _tokens, cols) =>
      inTurn(moment, () => addon.addSecondMoment(moment, inputs, cols)),
    addColumnStatistics: ({ absMax, absSum, min, max }, inputs) =>
      inTurn(absMax, () => addon.addColumnStatistics(absMax, absSum, min, max, inputs)),
    inverseFactor: async (moment, cols, dampPercent) => {
      const { factor, damp, failedColumn } = await addon.inverseFactor(moment, cols, dampPercent);
      if (failedColumn >= 0) throw notPositiveDefinite(failedColumn, dampPercent);
      return { factor, damp };
    },
    gptq: async ({ data, cols }, moment, options) => {
      const { result, failedColumn } = await addon.gptq(data, cols, moment, options);
      if (!result) throw notPositiveDefinite(failedColumn, 1);
      return result;
    },
    roundScaled: ({ data, cols }, factors, spec) => addon.roundScaled(data, cols, factors, spec),
    clipGroups: ({ data, cols }, samples, spec, { steps, maxShrink }) =>
      addon.clipGroups(data, cols, samples, spec, steps, maxShrink),
    quadraticError: ({ data, cols }, moment) => addon.quadraticError(data, cols, moment),
    rotate: (values, outer, factors, inner) => addon.rotate(values, outer, factors, inner),
    widen: (bytes, dtype) => addon.widen(bytes, dtype),
    narrow: (values, dtype) => addon.narrow(values, dtype),
    firstNonFinite: (values) => addon.firstNonFinite(values),
    sha256File: (path) => addon.sha256File(path),
  };
}

function layout({ scales, zeroPoints, groups }: GridParameters, groupIndex?: Int32Array): Layout {
  return [scales, zeroPoints, groups, groupIndex];
}

/** Runs calls that update the same array one after the other: two threads in one array would be a data race. */
function createTurns() {
  const last = new WeakMap<object, Promise<void>>();
  return (owner: object, work: () => Promise<void>): Promise<void> => {
    const done = (last.get(owner) ?? Promise.resolve()).then(work);
    last.set(
      owner,
      done.catch(() => undefined),
    );
    return done;
  };
}
