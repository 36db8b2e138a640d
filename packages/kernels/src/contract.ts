/**
 * The contract of the kernels. Matrices are row-major `Float32Array`s; a weight is rows x cols = outputs x inputs.
 *
 * Codes are unsigned everywhere, 0 .. 2^bits - 1, and stand for `(code - zeroPoint) * scale`. A symmetric grid has
 * the constant zero point 2^(bits - 1) and stores none. Rounding is half to even.
 *
 * Every function checks its arguments and rejects with a `TypeError` or `RangeError` of one sentence. An array that
 * is handed in must not change, and one that is updated must not be read, before the promise settles.
 */
export interface Kernels {
  readonly implementation: 'native' | 'reference';
  /** What the loops run on; `javascript` for the reference. */
  readonly instructionSet: InstructionSet;

  /** Steps and zero points of each tensor, row or group, from the weights alone (methods.md 1.3). */
  fitGrid(weight: Matrix, spec: GridSpec): Promise<GridParameters>;
  /** One code a byte, rows x cols. `groupIndex` maps columns to groups where that is not `column / groupSize`. */
  encode(weight: Matrix, spec: GridSpec, parameters: GridParameters, groupIndex?: Int32Array): Promise<Uint8Array>;
  decode(
    codes: Uint8Array,
    rows: number,
    cols: number,
    spec: GridSpec,
    parameters: GridParameters,
    groupIndex?: Int32Array,
  ): Promise<Float32Array>;

  /** Each row a little-endian stream of `bits` (2 to 8) a code, the low bits first, filled up to whole bytes. */
  pack(codes: Uint8Array, rows: number, cols: number, bits: number): Promise<Uint8Array>;
  unpack(packed: Uint8Array, rows: number, cols: number, bits: number): Promise<Uint8Array>;

  /** `moment += X^T X` in place; moment is cols x cols and stays symmetric, inputs = X is tokens x cols. */
  addSecondMoment(moment: Float32Array, inputs: Float32Array, tokens: number, cols: number): Promise<void>;
  /** Takes tokens x cols inputs into running statistics of each column, in place. */
  addColumnStatistics(statistics: ColumnStatistics, inputs: Float32Array, tokens: number, cols: number): Promise<void>;
  /** Upper triangular U, cols x cols, with `(moment + damp I)^-1 = U^T U`; damp = dampPercent x mean diagonal. */
  inverseFactor(moment: Float32Array, cols: number, dampPercent: number): Promise<InverseFactor>;
  /** GPTQ (Frantar et al. 2022) with the options of the reference code (methods.md 2.3). */
  gptq(weight: Matrix, moment: Float32Array, options: GptqOptions): Promise<GptqResult>;
  /** `Q(W s) / s` with one factor s a column: a weight as a grid fitted to its scaled columns gives it back (AWQ's search). */
  roundScaled(weight: Matrix, factors: Float32Array, spec: GridSpec): Promise<Float32Array>;
  /**
   * AWQ's clip search: clamps each group of each row (whole rows where the spec has no groups) to the share of its largest
   * weight whose rounding errs least in the group's own output, `sum over tokens of (sum over j of x_j (decoded_j - w_j))^2`
   * for samples tokens x cols; the shares are those of `ClipSearch`, the first of equals wins. Returns a new weight. Groups
   * that share one step (a tensor's) are judged clamped together.
   */
  clipGroups(
    weight: Matrix,
    samples: Float32Array,
    spec: GridSpec,
    search: Pick<ClipSearch, 'steps' | 'maxShrink'>,
  ): Promise<Float32Array>;
  /** `tr(D H D^T)` of a rows x cols difference, summed in float64. */
  quadraticError(delta: Matrix, moment: Float32Array): Promise<number>;

  /**
   * Rotates values seen as [outer, size of the first factor, .., of the last, inner]: along the axis of each factor
   * `y[.., j, ..] = sum over k of x[.., k, ..] matrix[k][j]`, in float64 throughout, rounded to float32 once at the end.
   * A weight is rotated on its input side with outer = rows and inner = 1, on its output side with outer = 1 and
   * inner = cols. Returns a new array.
   */
  rotate(values: Float32Array, outer: number, factors: readonly RotationFactor[], inner: number): Promise<Float32Array>;

  /** Little-endian 16-bit floats to float32, exactly. */
  widen(bytes: Uint8Array, dtype: HalfType): Promise<Float32Array>;
  /** float32 to little-endian 16-bit floats, half to even. */
  narrow(values: Float32Array, dtype: HalfType): Promise<Uint8Array>;
  /** Place of the first NaN or infinity, or -1. */
  firstNonFinite(values: Float32Array): Promise<number>;
  /** 64 lower-case hexadecimal digits. */
  sha256File(path: string): Promise<string>;
}

export type InstructionSet = 'avx512' | 'avx2' | 'sse2' | 'neon' | 'scalar' | 'javascript';

export type HalfType = 'BF16' | 'F16';

export type GridName = 'gptq' | 'compressed-tensors' | 'quarot' | 'awq' | 'smoothquant' | 'owq';

/** `smoothquant` and `owq` are symmetric only. */
export interface Grid {
  name: GridName;
  symmetric: boolean;
  /** 2 to 8 */
  bits: number;
}

/**
 * The "mse" search: tries `floor(steps x maxShrink)` shares of the range, `1 - i / steps`, and keeps the least
 * `sum |decoded - weight|^norm`. The GPTQ and QuaRot code uses 2.4, 100, 0.8.
 */
export interface ClipSearch {
  norm: number;
  steps: number;
  maxShrink: number;
}

export interface GridSpec {
  grid: Grid;
  granularity: 'tensor' | 'channel' | 'group';
  /** Columns that share a step, for `group`; the last group may be shorter. */
  groupSize: number;
  clip?: ClipSearch | undefined;
  /**
   * Scales are rounded half to even to this type at fit, before any code is found: the clip search judges its candidates
   * with the rounded scale, and zero points are found for it. Where that would give 0 or infinity, the scale is the nearest
   * positive value of the type: the smallest subnormal or the largest finite one. Default: float32.
   */
  scaleType?: ScaleType | undefined;
}

export type ScaleType = 'float32' | 'float16' | 'bfloat16';

export interface Matrix {
  data: Float32Array;
  rows: number;
  cols: number;
}

export interface GridParameters {
  /** rows x groups; a single one for a tensor */
  scales: Float32Array;
  /** as many, in the domain of the codes; absent for symmetric grids */
  zeroPoints: Float32Array | undefined;
  groups: number;
}

export interface Codes {
  /** rows x cols */
  codes: Uint8Array;
  parameters: GridParameters;
  /** column to group, where groups do not lie in order */
  groupIndex?: Int32Array | undefined;
}

/** A fresh one comes from `createColumnStatistics`. */
export interface ColumnStatistics {
  absMax: Float32Array;
  absSum: Float64Array;
  min: Float32Array;
  max: Float32Array;
}

/** One axis of a rotation: `size` neighbours multiplied by a size x size matrix, or left alone. */
export interface RotationFactor {
  size: number;
  /** row-major; a row vector is multiplied from the right */
  matrix?: Float64Array | undefined;
}

export interface InverseFactor {
  factor: Float32Array;
  damp: number;
}

export interface GptqOptions {
  spec: GridSpec;
  /** Columns treated before their errors are pushed on to the rest, usually 128. */
  blockSize: number;
  /** Share of the mean diagonal added to the diagonal, usually 0.01. */
  dampPercent: number;
  /**
   * `static`: columns by falling diagonal, groups keep their place; `group`: groups form over the new order; `group-aware`:
   * whole groups by their largest diagonal, columns by it within (arXiv:2505.14638), so that every group stays together.
   */
  actOrder: 'off' | 'static' | 'group' | 'group-aware';
  /**
   * For `group` granularity. `static`: all from the original weight; `dynamic`: at the start of each group from a
   * weight that lacks the updates of the current block, as the reference code; `fresh`: the same with them.
   */
  groupScales: 'static' | 'dynamic' | 'fresh';
}

export interface GptqResult extends Codes {
  /** place of treatment to column, when `actOrder` is on */
  permutation?: Int32Array | undefined;
  /** half the sum of the squared errors, on the scale of the moment */
  loss: number;
  damp: number;
  /** the one that worked: ten times more after each failed factorization, at most 1 */
  dampPercent: number;
  retries: number;
  /** columns that no input ever used; their weights become zero */
  deadColumns: number;
}
