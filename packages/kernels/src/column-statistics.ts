import type { ColumnStatistics } from './contract.js';

/** Statistics of `cols` columns that have seen nothing yet. */
export function createColumnStatistics(cols: number): ColumnStatistics {
  return {
    absMax: new Float32Array(cols),
    absSum: new Float64Array(cols),
    min: new Float32Array(cols).fill(Infinity),
    max: new Float32Array(cols).fill(-Infinity),
  };
}
