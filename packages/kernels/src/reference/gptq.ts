import type { GptqOptions, GptqResult, GridParameters, Matrix } from '../contract.js';
import { notPositiveDefinite } from '../errors.js';
import { groupCount, groupWidth } from '../shape.js';
import { inverseFactor } from './cholesky.js';
import { fitSegment } from './clip.js';
import { fitGrid } from './codes.js';
import { decodeWeight, encodeWeight, type Step } from './grid.js';

const f32 = Math.fround;

/** GPTQ, numbered as in methods.md 2.3. The weight is kept in float32, H and its factor in float64. */
export function gptq(weight: Matrix, moment: Float32Array, options: GptqOptions): GptqResult {
  const { spec, actOrder, groupScales } = options;
  const { rows, cols } = weight;
  const width = groupWidth(spec, cols);
  const grouped = spec.granularity === 'group';
  const refits = grouped && groupScales !== 'static';

  const diagonal = Float64Array.from({ length: cols }, (_, j) => moment[j * cols + j]!);
  const dead = Array.from(diagonal, (h) => h === 0);
  const deadColumns = dead.filter(Boolean).length;
  const mean = deadColumns === cols ? 1 : diagonal.reduce((sum, h) => sum + h, 0) / (cols - deadColumns);
  // Step 3. The reference code puts 1 here, in units of its own H; one mean keeps the scale of H out of the damping.
  dead.forEach((isDead, j) => {
    if (isDead) diagonal[j] = f32(mean);
  });

  // Step 5; the sort is stable, so equal diagonals keep their order.
  const order = Array.from({ length: cols }, (_, j) => j);
  if (actOrder !== 'off') order.sort((a, b) => diagonal[b]! - diagonal[a]!);
  if (actOrder === 'group-aware') keepGroups(order, width);
  const live = arrange(
    weight,
    order.map((_, j) => j),
    dead,
  );
  const w = arrange(weight, order, dead);

  // Steps 2 and 4
  const known = refits ? undefined : fitGrid(grouped ? (actOrder === 'group' ? w : live) : weight, spec);
  const parameters = known ?? emptyParameters(rows, groupCount(spec, cols), spec.grid.symmetric);
  const groupAt = order.map((column, place) => Math.floor((actOrder === 'group' ? place : column) / width));

  const { factor: u, ...damping } = factorWithRetries(moment, diagonal, order, mean, options.dampPercent);

  // Step 8
  const codes = new Uint8Array(rows * cols);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const outer = w.data.subarray(row * cols, (row + 1) * cols);
    let step: Step = { scale: 1, zero: 0 };
    for (let start = 0; start < cols; start += options.blockSize) {
      const end = Math.min(start + options.blockSize, cols);
      // Every column up to date; the reference code keeps the columns of the block in a copy instead.
      const current = outer.slice();
      const errors = new Float32Array(end - start);
      for (let i = start; i < end; i++) {
        const group = groupAt[i]!;
        if (refits && i % width === 0) {
          const source = groupScales === 'fresh' ? current : outer;
          step = fitSegment(spec, source.subarray(i, i + width));
          store(parameters, row, group, step);
        } else if (!refits) {
          step = load(parameters, row, group, spec.grid.bits);
        }
        const code = encodeWeight(spec.grid, current[i]!, step);
        codes[row * cols + order[i]!] = code;
        const error = f32(f32(current[i]! - decodeWeight(code, step)) / u[i * cols + i]!);
        errors[i - start] = error;
        loss += error * error;
        const reach = groupScales === 'fresh' ? cols : end;
        for (let j = i + 1; j < reach; j++) current[j] = current[j]! - error * u[i * cols + j]!;
      }
      for (let j = end; j < cols; j++) {
        let sum = 0;
        for (let i = start; i < end; i++) sum += errors[i - start]! * u[i * cols + j]!;
        outer[j] = outer[j]! - sum;
      }
    }
  }

  const result: GptqResult = { codes, parameters, loss: loss / 2, deadColumns, ...damping };
  if (actOrder !== 'off') result.permutation = Int32Array.from(order);
  if (actOrder === 'group' && grouped) {
    result.groupIndex = new Int32Array(cols);
    for (const [place, column] of order.entries()) result.groupIndex[column] = groupAt[place]!;
  }
  return result;
}

/** Groups in the order of their first columns, a shorter last one at the end: groups must begin where refits do. */
function keepGroups(order: number[], width: number): void {
  const whole = Math.floor(order.length / width);
  const first = new Map<number, number>();
  for (const [place, column] of order.entries()) {
    const group = Math.floor(column / width);
    if (!first.has(group)) first.set(group, group < whole ? place : order.length);
  }
  order.sort((a, b) => first.get(Math.floor(a / width))! - first.get(Math.floor(b / width))!);
}

function arrange({ data, rows, cols }: Matrix, order: number[], dead: boolean[]): Matrix {
  const arranged = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    order.forEach((column, place) => {
      arranged[row * cols + place] = dead[column] ? 0 : data[row * cols + column]!;
    });
  }
  return { data: arranged, rows, cols };
}

function emptyParameters(rows: number, groups: number, symmetric: boolean): GridParameters {
  const count = rows * groups;
  return {
    scales: new Float32Array(count),
    zeroPoints: symmetric ? undefined : new Float32Array(count),
    groups,
  };
}

function store(parameters: GridParameters, row: number, group: number, step: Step): void {
  const at = row * parameters.groups + group;
  parameters.scales[at] = step.scale;
  if (parameters.zeroPoints) parameters.zeroPoints[at] = step.zero;
}

function load({ scales, zeroPoints, groups }: GridParameters, row: number, group: number, bits: number): Step {
  const at = scales.length === 1 ? 0 : row * groups + group;
  return { scale: scales[at]!, zero: zeroPoints?.[at] ?? 2 ** (bits - 1) };
}

interface Damping {
  factor: Float64Array;
  damp: number;
  dampPercent: number;
  retries: number;
}

/** Steps 6 and 7. Where the factorization fails, ten times the damping, up to the mean diagonal itself. */
function factorWithRetries(
  moment: Float32Array,
  diagonal: Float64Array,
  order: number[],
  mean: number,
  first: number,
): Damping {
  const n = order.length;
  let dampPercent = first;
  for (let retries = 0; ; retries++) {
    const damp = f32(dampPercent * mean);
    const damped = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) damped[i * n + j] = moment[order[i]! * n + order[j]!]!;
      damped[i * n + i] = diagonal[order[i]!]! + damp;
    }
    const factor = inverseFactor(damped, n);
    if (!('failedColumn' in factor)) return { factor, damp, dampPercent, retries };
    if (dampPercent >= 1) throw notPositiveDefinite(order[factor.failedColumn]!, dampPercent);
    dampPercent = dampPercent === 0 ? 0.01 : Math.min(dampPercent * 10, 1);
  }
}
