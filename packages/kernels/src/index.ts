export { createColumnStatistics } from './column-statistics.js';
export type {
  ClipSearch,
  Codes,
  ColumnStatistics,
  GptqOptions,
  GptqResult,
  Grid,
  GridName,
  GridParameters,
  GridSpec,
  HalfType,
  InstructionSet,
  InverseFactor,
  Kernels,
  Matrix,
  RotationFactor,
  ScaleType,
} from './contract.js';
export { hadamardFactors, hasHadamard } from './hadamard.js';
export { availableInstructionSets, loadKernels, setThreads, type LoadOptions } from './load.js';
export { randomOrthogonal } from './random-orthogonal.js';
export { createRandomBits, randomNormal, randomSigns } from './random.js';
export { invertRotation } from './rotation.js';
export { roundHalfEven } from './round.js';
