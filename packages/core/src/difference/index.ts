export { differRuns } from './differ-runs.js';
export type { DifferenceOptions } from './differ-runs.js';
export { openComparable } from './pair-cells.js';
export type { ComparableRun } from './pair-cells.js';
export { measuredTolerance, otherArithmeticTolerance, sameArithmeticTolerance } from './tolerances.js';
export type { Tolerances } from './tolerances.js';
