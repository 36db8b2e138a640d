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
  ScaleType,
} from './contract.js';
export { availableInstructionSets, loadKernels, setThreads, type LoadOptions } from './load.js';
export { roundHalfEven } from './round.js';
