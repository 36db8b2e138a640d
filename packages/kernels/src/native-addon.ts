import { createRequire } from 'node:module';
import type {
  GptqOptions,
  GptqResult,
  GridParameters,
  GridSpec,
  HalfType,
  InstructionSet,
  RotationFactor,
} from './contract.js';

/** The class of `native/binding/src/lib.rs`, which trusts its arguments. */
export interface NativeAddon {
  readonly instructionSet: InstructionSet;
  setThreads(threads: number): void;
  fitGrid(weight: Float32Array, cols: number, spec: GridSpec): Promise<GridParameters>;
  encode(weight: Float32Array, cols: number, spec: GridSpec, ...layout: Layout): Promise<Uint8Array>;
  decode(codes: Uint8Array, cols: number, spec: GridSpec, ...layout: Layout): Promise<Float32Array>;
  pack(codes: Uint8Array, cols: number, bits: number): Promise<{ packed?: Uint8Array; tooLargeAt: number }>;
  unpack(packed: Uint8Array, cols: number, bits: number): Promise<Uint8Array>;
  addSecondMoment(moment: Float32Array, inputs: Float32Array, cols: number): Promise<void>;
  addColumnStatistics(
    absMax: Float32Array,
    absSum: Float64Array,
    min: Float32Array,
    max: Float32Array,
    inputs: Float32Array,
  ): Promise<void>;
  inverseFactor(
    moment: Float32Array,
    cols: number,
    dampPercent: number,
  ): Promise<{ factor: Float32Array; damp: number; failedColumn: number }>;
  gptq(
    weight: Float32Array,
    cols: number,
    moment: Float32Array,
    options: GptqOptions,
  ): Promise<{ result?: GptqResult; failedColumn: number }>;
  roundScaled(weight: Float32Array, cols: number, factors: Float32Array, spec: GridSpec): Promise<Float32Array>;
  clipGroups(
    weight: Float32Array,
    cols: number,
    samples: Float32Array,
    spec: GridSpec,
    steps: number,
    maxShrink: number,
  ): Promise<Float32Array>;
  quadraticError(delta: Float32Array, cols: number, moment: Float32Array): Promise<number>;
  rotate(values: Float32Array, outer: number, factors: readonly RotationFactor[], inner: number): Promise<Float32Array>;
  widen(bytes: Uint8Array, dtype: HalfType): Promise<Float32Array>;
  narrow(values: Float32Array, dtype: HalfType): Promise<Uint8Array>;
  firstNonFinite(values: Float32Array): Promise<number>;
  sha256File(path: string): Promise<string>;
}

/** scales, zeroPoints, groups, groupIndex */
export type Layout = [Float32Array, Float32Array | undefined, number, Int32Array | undefined];

interface NativeModule {
  INTERFACE_VERSION: number;
  availableInstructionSets(): InstructionSet[];
  NativeKernels: new (threads: number, instructionSet?: string) => NativeAddon;
}

const INTERFACE_VERSION = 7;
const FILE = './native/lowbit-kernels.node';

/** Loads the compiled kernels that `build.mjs` put beside this file. Throws where there are none that fit. */
export function loadNativeModule(): NativeModule {
  const module = createRequire(import.meta.url)(FILE) as NativeModule;
  if (module.INTERFACE_VERSION !== INTERFACE_VERSION) {
    throw new Error(
      `the compiled kernels have interface ${module.INTERFACE_VERSION}, expected ${INTERFACE_VERSION}: build again`,
    );
  }
  return module;
}
