import type {
  ClipSearch,
  Grid,
  GridName,
  GridParameters,
  GridSpec,
  GptqOptions,
  Matrix,
  RotationFactor,
  ScaleType,
} from './contract.js';
import { groupCount } from './shape.js';

const GRID_NAMES: readonly GridName[] = ['gptq', 'compressed-tensors', 'quarot', 'awq', 'smoothquant', 'owq'];
const SCALE_TYPES: readonly ScaleType[] = ['float32', 'float16', 'bfloat16'];
const SYMMETRIC_ONLY: readonly GridName[] = ['smoothquant', 'owq'];
/** Beyond it, `power` could overflow. */
const GREATEST_NORM = 6;

type TypedArrayName = 'Float32Array' | 'Float64Array' | 'Uint8Array' | 'Int32Array';

export function checkWhole(name: string, value: number, least: number, most = 2 ** 31 - 1): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, got ${value}`);
  }
}

export function checkArray(name: string, value: unknown, type: TypedArrayName, length?: number): void {
  const actual = Object.prototype.toString.call(value).slice(8, -1);
  if (actual !== type) throw new TypeError(`${name} must be a ${type}, got ${actual}`);
  const { length: found } = value as { length: number };
  if (length !== undefined && found !== length) {
    throw new RangeError(`${name} must have ${length} values, got ${found}`);
  }
}

export function checkOneOf<T>(name: string, value: T, allowed: readonly T[]): void {
  if (!allowed.includes(value)) {
    throw new RangeError(`${name} must be one of ${allowed.join(', ')}, got ${String(value)}`);
  }
}

export function checkMatrix(name: string, { data, rows, cols }: Matrix): void {
  checkShape(rows, cols);
  checkArray(name, data, 'Float32Array', rows * cols);
}

export function checkShape(rows: number, cols: number): void {
  checkWhole('rows', rows, 1);
  checkWhole('cols', cols, 1);
}

export function checkBits(bits: number): void {
  checkWhole('bits', bits, 2, 8);
}

function checkGrid({ name, symmetric, bits }: Grid): void {
  checkOneOf('grid name', name, GRID_NAMES);
  checkBits(bits);
  if (!symmetric && SYMMETRIC_ONLY.includes(name)) {
    throw new RangeError(`the ${name} grid must be symmetric, got symmetric: false`);
  }
}

export function checkSpec({ grid, granularity, groupSize, clip, scaleType = 'float32' }: GridSpec): void {
  checkGrid(grid);
  checkOneOf('granularity', granularity, ['tensor', 'channel', 'group'] as const);
  if (granularity === 'group') checkWhole('groupSize', groupSize, 1);
  checkOneOf('scaleType', scaleType, SCALE_TYPES);
  if (!clip) return;
  if (!(clip.norm > 0 && clip.norm <= GREATEST_NORM)) {
    throw new RangeError(`clip norm must be above 0 and at most ${GREATEST_NORM}, got ${clip.norm}`);
  }
  checkShrinkage(clip);
}

export function checkShrinkage({ steps, maxShrink }: Pick<ClipSearch, 'steps' | 'maxShrink'>): void {
  checkWhole('clip steps', steps, 1, 10_000);
  if (!(maxShrink > 0 && maxShrink <= 1)) {
    throw new RangeError(`clip maxShrink must be above 0 and at most 1, got ${maxShrink}`);
  }
}

export function checkParameters(
  spec: GridSpec,
  rows: number,
  cols: number,
  { scales, zeroPoints, groups }: GridParameters,
): void {
  checkWhole('groups', groups, 1);
  if (groups !== groupCount(spec, cols)) {
    throw new RangeError(`parameters must have ${groupCount(spec, cols)} groups a row, got ${groups}`);
  }
  const count = spec.granularity === 'tensor' ? 1 : rows * groups;
  checkArray('scales', scales, 'Float32Array', count);
  if (!spec.grid.symmetric) checkArray('zeroPoints', zeroPoints, 'Float32Array', count);
}

export function checkGroupIndex(groupIndex: Int32Array | undefined, cols: number, groups: number): void {
  if (groupIndex === undefined) return;
  checkArray('groupIndex', groupIndex, 'Int32Array', cols);
  const column = groupIndex.findIndex((group) => group < 0 || group >= groups);
  if (column >= 0) {
    throw new RangeError(`groupIndex must be from 0 to ${groups - 1}, got ${groupIndex[column]} at column ${column}`);
  }
}

export function checkDampPercent(dampPercent: number): void {
  if (!(dampPercent >= 0 && dampPercent <= 1)) {
    throw new RangeError(`dampPercent must be from 0 to 1, got ${dampPercent}`);
  }
}

export function checkRotation(
  values: Float32Array,
  outer: number,
  factors: readonly RotationFactor[],
  inner: number,
): void {
  checkWhole('outer', outer, 1);
  checkWhole('inner', inner, 1);
  factors.forEach(({ size, matrix }, i) => {
    checkWhole(`size of factor ${i}`, size, 1);
    if (matrix !== undefined) checkArray(`matrix of factor ${i}`, matrix, 'Float64Array', size * size);
  });
  const count = factors.reduce((product, { size }) => product * size, outer * inner);
  checkArray('values', values, 'Float32Array', count);
}

export function checkGptqOptions({ spec, blockSize, dampPercent, actOrder, groupScales }: GptqOptions): void {
  checkSpec(spec);
  checkWhole('blockSize', blockSize, 1);
  checkDampPercent(dampPercent);
  checkOneOf('actOrder', actOrder, ['off', 'static', 'group', 'group-aware'] as const);
  checkOneOf('groupScales', groupScales, ['static', 'dynamic', 'fresh'] as const);
  if (actOrder === 'static' && spec.granularity === 'group' && groupScales !== 'static') {
    throw new RangeError(
      `actOrder 'static' treats the columns of a group at different times, so groupScales must be 'static', ` +
        `got '${groupScales}'`,
    );
  }
}
