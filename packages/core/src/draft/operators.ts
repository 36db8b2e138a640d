/**
 * What may happen to a value at a site, as plain data. A site holds an ordered list. Transforms are exact when their
 * inverse is folded into a neighbour; a quantizer is lossy. A new kind is one member here and one row in
 * `engine/lower/operators.ts`.
 */
export type Operator = Scale | Shift | Permute | Rotate | Quantize | CacheQuantize | Codebook;

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

/**
 * Quantize and dequantize in float. Symmetric: s = clipRatio * absMax / top; integers have top = 2^(bits-1) - 1 and codes
 * -top - 1 .. top, or whatever comes out where a half computes the whole range: SmoothQuant does not clamp, and in bfloat16
 * the greatest value of 8 bits may become 127.5 and then 128. In a float8 format x / s is rounded half to even to one of its values, at most `float8Top` in size.
 */
export interface Quantize {
  kind: 'quantize';
  /** What a code is; default integer. A float8 has 8 bits and is symmetric. */
  format?: 'integer' | Float8 | undefined;
  bits: number;
  symmetric: boolean;
  granularity: 'tensor' | 'token' | 'group';
  groupSize?: number | undefined;
  clipRatio: number;
  /** What every step is rounded to, the value and the scale included, as reference code in a half computes; default float32. */
  arithmetic?: FloatType | undefined;
  /** Asymmetric: whether zero must lie in the range; default true. Without it the zero point may lie beyond the codes. */
  includeZero?: boolean | undefined;
  /** Static: the range was calibrated; absent: taken from each value as it comes. Per group: `[groups]`, in their order. */
  range?: { low: number; high: number } | { low: Float32Array; high: Float32Array } | undefined;
  /** `full`, symmetric only: absMax is half of all 2^bits - 1 steps (compressed-tensors), in place of the largest code. */
  step?: 'full' | undefined;
}

/** Types that models are stored and computed in. */
export type FloatType = 'float32' | 'float16' | 'bfloat16';

/** Sign, exponent and mantissa of OCP's 8-bit floats; e4m3 has no infinities (E4M3FN). */
export type Float8 = 'e4m3' | 'e5m2';

/** The greatest finite values; beyond them values saturate. */
export const float8Top: Readonly<Record<Float8, number>> = { e4m3: 448, e5m2: 57344 };

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
 * Nearest of a few levels in float (KVQuant, arXiv:2401.18079): x is scaled to [-1, 1] by the middle and half width of its
 * range, takes `levels[c]` where c boundaries lie below it, and is scaled back. A token is all its heads side by side.
 */
export interface Codebook {
  kind: 'codebook';
  /** Ascending, one fewer than the levels. */
  boundaries: Float32Array;
  levels: Float32Array;
  range: ChannelRange | TokenRange;
  /** Positions below it stay exact, as attention sinks do. */
  firstTokens: number;
}

/** Calibrated, one for each channel of a token. What lies outside stays exact, or takes the level at that end. */
export interface ChannelRange {
  per: 'channel';
  low: Float32Array;
  high: Float32Array;
  keepOutside: boolean;
}

/** Of each token as it comes. The `outliers` least and as many greatest stay exact; in the range the token's median stands for them. */
export interface TokenRange {
  per: 'token';
  outliers: number;
}

/**
 * A point of the graph where operators may sit: a linear's input or output, by the linear's name, and a block's query,
 * key (both after the position encoding), value; `cache` takes a `CacheQuantize` and nothing else.
 */
export type Site = `${string}.input` | `${string}.output` | `block.${number}.${(typeof blockSites)[number]}`;

/** The sites of a block's attention. */
export const blockSites = ['query', 'key', 'value', 'keyBeforeRope', 'cache'] as const;

/** Those that a value passes. */
export type SampledSite = Exclude<(typeof blockSites)[number], 'cache'>;

export type Operators = ReadonlyMap<Site, readonly Operator[]>;

/** Without the quantizers: what calibration runs with, so that statistics and the next block's inputs are not rounded. */
export function exactOperators(sites: Operators): Operators {
  const isExact = ({ kind }: Operator): boolean => kind !== 'quantize' && kind !== 'cache' && kind !== 'codebook';
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
