/**
 * What may happen to a value at a site, as plain data. A site holds an ordered list. Transforms are exact when their
 * inverse is folded into a neighbour; a quantizer is lossy. A new kind is one member here and one row in
 * `engine/lower/operators.ts`.
 */
export type Operator = Scale | Shift | Permute | Rotate | Quantize;

/** x * factors, along the last axis. */
export interface Scale {
  kind: 'scale';
  factors: Float32Array;
}

/** x + offsets, along the last axis. */
export interface Shift {
  kind: 'shift';
  offsets: Float32Array;
}

/** Column j of the result is column order[j] of x. */
export interface Permute {
  kind: 'permute';
  order: Int32Array;
}

/**
 * The last axis seen as `[f1.size, ..., fk.size]`, each of these axes multiplied by its matrix: a Kronecker product. One
 * factor is a full rotation; `[{ size: n / b }, { size: b, matrix }]` is the same rotation in every block of b columns.
 */
export interface Rotate {
  kind: 'rotate';
  factors: readonly RotateFactor[];
}

/** Along its axis y[j] = sum over k of x[k] * matrix[k][j]; without a matrix the axis is left alone. */
export interface RotateFactor {
  size: number;
  /** Row-major `[size, size]`. */
  matrix?: Float32Array | undefined;
}

/** Quantize and dequantize in float. Symmetric: s = clipRatio * absMax / (2^(bits-1) - 1), codes -2^(bits-1) .. 2^(bits-1) - 1. */
export interface Quantize {
  kind: 'quantize';
  bits: number;
  symmetric: boolean;
  granularity: 'tensor' | 'token' | 'group';
  groupSize?: number | undefined;
  clipRatio: number;
  /** Static: the range was calibrated; absent: taken from each value as it comes. */
  range?: { low: number; high: number } | undefined;
}

/**
 * A point of the graph where operators may sit: a linear's input or output, by the linear's name, and a block's query,
 * key (both after the position encoding), value and attention output.
 */
export type Site =
  `${string}.input` | `${string}.output` | `block.${number}.${'query' | 'key' | 'value' | 'keyBeforeRope'}`;

export type Operators = ReadonlyMap<Site, readonly Operator[]>;

/** Without the quantizers: what calibration runs with, so that statistics and the next block's inputs are not rounded. */
export function exactOperators(sites: Operators): Operators {
  const kept = [...sites].map(([site, list]) => [site, list.filter(({ kind }) => kind !== 'quantize')] as const);
  return new Map(kept.filter(([, list]) => list.length > 0));
}
