/**
 * What may happen to a value at a site, as plain data. A site holds an ordered list. Transforms are exact when their
 * inverse is folded into a neighbour; a quantizer is lossy. A new kind is one member here and one row in
 * `engine/lower/operators.ts`.
 */
export type Operator = Scale | Shift | Permute | Rotate | Quantize | CacheQuantize;

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
  /** Asymmetric: whether zero must lie in the range; default true. Without it the zero point may lie beyond the codes. */
  includeZero?: boolean | undefined;
  /** Static: the range was calibrated; absent: taken from each value as it comes. */
  range?: { low: number; high: number } | undefined;
}

/**
 * Keys and values as a cache holds them that keeps recent tokens in full precision (KIVI, arXiv:2402.02750): with w =
 * `window`, query p reads key j rounded iff j < w * floor(p / w), value j iff p - j > w; its own are never rounded. Inside
 * one forward, equal to decoding token by token. Grid: s = (max - min) / (2^bits - 1), the minimum is a real offset.
 */
export interface CacheQuantize {
  kind: 'cache';
  window: number;
  keys: CacheSide;
  values: CacheSide;
}

/** `token`: groups of neighbouring channels of each token and head; `channel`: groups of neighbouring tokens of each channel. */
export interface CacheSide {
  bits: number;
  axis: 'token' | 'channel';
  groupSize: number;
}

/**
 * A point of the graph where operators may sit: a linear's input or output, by the linear's name, and a block's query,
 * key (both after the position encoding), value; `cache` takes a `CacheQuantize` and nothing else.
 */
export type Site = `${string}.input` | `${string}.output` | `block.${number}.${(typeof blockSites)[number]}`;

/** The sites of a block's attention. */
export const blockSites = ['query', 'key', 'value', 'keyBeforeRope', 'cache'] as const;

export type Operators = ReadonlyMap<Site, readonly Operator[]>;

/** Without the quantizers: what calibration runs with, so that statistics and the next block's inputs are not rounded. */
export function exactOperators(sites: Operators): Operators {
  const isExact = ({ kind }: Operator): boolean => kind !== 'quantize' && kind !== 'cache';
  const kept = [...sites].map(([site, list]) => [site, list.filter(isExact)] as const);
  return new Map(kept.filter(([, list]) => list.length > 0));
}

/**
 * Whether a token's result depends on its path alone. A scale taken over a whole sequence, or over tokens by their place in
 * it, differs in a tree of shared prefixes, which then must not be used.
 */
export function allowsSharedPrefixes(sites: Operators): boolean {
  const wholeSequence = (operator: Operator): boolean =>
    operator.kind === 'cache' ||
    (operator.kind === 'quantize' && operator.granularity === 'tensor' && operator.range === undefined);
  return ![...sites.values()].flat().some(wholeSequence);
}
