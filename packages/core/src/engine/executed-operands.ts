import type { Kernels } from '@lowbit/kernels';
import type { Operator, Quantize } from '../draft/operators.js';
import type { Execution } from '../execution.js';
import { packedCodes, readAffineGrid } from '../formats/affine-grid.js';
import type { AffineGrid } from '../formats/affine-grid.js';
import type { EncodedWeight } from '../formats/format.js';
import type { ExecutedProduct, IntegerProduct, NBitsProduct, Operand } from './executed-product.js';

const leastBlock = 16;
/** onnxruntime's products have kernels for blocks up to this. */
const mostBlock = 256;
/** Of a row that is one group and whose columns are no multiple of 16. */
const paddedBlock = 32;

/** How columns fall into blocks of MatMulNBits. */
export interface BlockLayout {
  /** Columns of a block; the last block may be filled up. */
  block: number;
  /** Group of each block. */
  groups: Int32Array;
  /** Column at each place, where the groups do not lie in order. */
  order: Int32Array | undefined;
}

/** The largest blocks that no boundary of groups cuts; undefined where these are no powers of two from 16. */
export function layBlocks({
  cols,
  groupSize,
  groupIndex,
}: Pick<AffineGrid, 'cols' | 'groupSize' | 'groupIndex'>): BlockLayout | undefined {
  const order = groupIndex && columnsByGroup(groupIndex);
  const groupAt = (place: number): number =>
    groupIndex ? (groupIndex[order?.[place] ?? place] as number) : Math.floor(place / groupSize);
  let [block, cuts] = [mostBlock, 0];
  for (let place = 1; place < cols; place++) {
    if (groupAt(place) === groupAt(place - 1)) continue;
    cuts++;
    while (place % block !== 0) block /= 2;
  }
  if (cuts === 0) {
    while (cols % block !== 0) block /= 2;
    if (block < leastBlock) block = paddedBlock;
  }
  if (block < leastBlock) return undefined;
  const groups = Int32Array.from({ length: Math.ceil(cols / block) }, (_, i) => groupAt(i * block));
  return { block, groups, order };
}

/** Columns in the order of their groups; undefined where they are in it already. */
function columnsByGroup(groupIndex: Int32Array): Int32Array | undefined {
  const group = (column: number): number => groupIndex[column] as number;
  const order = Int32Array.from(groupIndex, (_, column) => column).sort((a, b) => group(a) - group(b) || a - b);
  return order.every((column, place) => column === place) ? undefined : order;
}

/** The operands of MatMulNBits, from the stored codes as they are. `packed`: rows of little-endian bit streams. */
export async function nBitsProduct(
  grid: AffineGrid,
  packed: Uint8Array,
  { block, groups, order }: BlockLayout,
  kernels: Kernels,
): Promise<NBitsProduct> {
  const { rows, cols, symmetric } = grid;
  // Codes of 2 bits as well: only for 4 has onnxruntime 1.30 a product of one token that does not decode the whole weight.
  const bits = grid.bits <= 4 ? 4 : 8;
  const blocks = groups.length;
  const width = blocks * block;
  // The middle of the stored codes becomes the middle of the wider ones, which needs no zero points.
  const move = symmetric ? 2 ** (bits - 1) - 2 ** (grid.bits - 1) : 0;
  let codes = packed;
  if (bits !== grid.bits || order !== undefined || width !== cols) {
    const stored = await kernels.unpack(packed, rows, cols, grid.bits);
    const laid = new Uint8Array(rows * width);
    for (let row = 0; row < rows; row++)
      for (let place = 0; place < cols; place++)
        laid[row * width + place] = (stored[row * cols + (order?.[place] ?? place)] as number) + move;
    codes = await kernels.pack(laid, rows, width, bits);
  }
  const scales = new Float32Array(repeatGroups(grid.scales, grid, groups));
  const zeros = Uint8Array.from(repeatGroups(grid.zeroPoints, grid, groups));
  const zeroPoints = symmetric ? undefined : await kernels.pack(zeros, rows, blocks, bits);
  return {
    ...{ operator: 'MatMulNBits', bits, block, roundsInputs: false },
    operands: {
      codes: { type: 'uint8', dims: [rows, blocks, (block * bits) / 8], data: codes },
      scales: floats(scales),
      ...(zeroPoints && { zeroPoints: { type: 'uint8', dims: [zeroPoints.length], data: zeroPoints } }),
      ...(order && { order: { type: 'int32', dims: [cols], data: new Uint8Array(order.buffer) } }),
    },
  };
}

/** One value a block from one a group. */
function repeatGroups(values: ArrayLike<number>, { rows, groups: perRow }: AffineGrid, groups: Int32Array): number[] {
  const result = new Array<number>(rows * groups.length);
  for (let row = 0; row < rows; row++)
    for (const [i, group] of groups.entries()) result[row * groups.length + i] = values[row * perRow + group] as number;
  return result;
}

/** The operands of MatMulInteger for a symmetric grid with one scale a row. */
export async function integerProduct(
  { rows, cols, bits, scales }: AffineGrid,
  packed: Uint8Array,
  quantizer: Quantize,
  kernels: Kernels,
): Promise<IntegerProduct> {
  const stored = await kernels.unpack(packed, rows, cols, bits);
  const move = 128 - 2 ** (bits - 1);
  const codes = new Uint8Array(rows * cols);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) codes[col * rows + row] = (stored[row * cols + col] as number) + move;
  return {
    ...{ operator: 'MatMulInteger', quantizer },
    operands: { codes: { type: 'uint8', dims: [cols, rows], data: codes }, scales: floats(scales) },
  };
}

function floats(values: Float32Array): Operand {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { type: 'float32', dims: [values.length], data };
}

/** The product that computes this weight behind these operators, or why there is none. */
export async function chooseProduct(
  weight: EncodedWeight,
  operators: readonly Operator[],
  kernels: Kernels,
  execution: Execution = 'executed',
): Promise<ExecutedProduct | { reason: string }> {
  const grid = await readAffineGrid(weight, kernels);
  if (grid === undefined)
    return { reason: `stored as ${weight.parts.map(({ format }) => format).join(' + ') || 'nothing'}` };
  if (grid.weightType !== 'float32') return { reason: `decoded weights are rounded to ${grid.weightType}` };
  const quantizer = operators.at(-1);
  if (grid.symmetric && grid.groups === 1 && isPerToken(quantizer))
    return integerProduct(grid, packedCodes(weight), quantizer, kernels);
  const layout = layBlocks(grid);
  if (layout === undefined)
    return { reason: `groups of ${grid.groupSize} columns, no blocks of a power of two from 16` };
  const product = await nBitsProduct(grid, packedCodes(weight), layout, kernels);
  return { ...product, roundsInputs: execution === 'executed-int8' };
}

const knownKeys = new Set([
  'kind',
  'bits',
  'symmetric',
  'granularity',
  'groupSize',
  'clipRatio',
  'includeZero',
  'range',
]);
const defaults: readonly unknown[] = ['integer', 'float32', undefined];

/** A rounding that `quantizeTokens` computes; a field that it does not know may mean another one unless it is at its default. */
function isPerToken(operator: Operator | undefined): operator is Quantize {
  if (operator?.kind !== 'quantize') return false;
  const { bits, symmetric, granularity, range } = operator;
  const isKnown = Object.entries(operator).every(([key, value]) => knownKeys.has(key) || defaults.includes(value));
  return isKnown && symmetric && granularity === 'token' && range === undefined && bits >= 2 && bits <= 8;
}
