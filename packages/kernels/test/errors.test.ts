import t from 'tap';
import { createColumnStatistics, setThreads, type GridSpec, type Kernels } from '@lowbit/kernels';
import { loadAll, nameOf } from './support/implementations.js';

const spec: GridSpec = { grid: { name: 'gptq', symmetric: false, bits: 4 }, granularity: 'group', groupSize: 2 };
const weight = { data: new Float32Array(8), rows: 2, cols: 4 };
const moment = new Float32Array(16);
const options = { spec, blockSize: 128, dampPercent: 0.01, actOrder: 'off', groupScales: 'static' } as const;
const parameters = { scales: new Float32Array(4), zeroPoints: new Float32Array(4), groups: 2 };
const withGrid = (grid: Partial<GridSpec['grid']>): GridSpec => ({ ...spec, grid: { ...spec.grid, ...grid } });
/** A value that the types forbid, as plain JavaScript could pass it. */
const wrong = <T>(value: unknown): T => value as T;

const calls: [(kernels: Kernels) => Promise<unknown>, RegExp, string][] = [
  [(k) => k.fitGrid({ ...weight, rows: 3 }, spec), /^weight must have 12 values, got 8$/, 'RangeError'],
  [(k) => k.fitGrid({ ...weight, rows: 0 }, spec), /^rows must be a whole number from 1 /, 'RangeError'],
  [(k) => k.fitGrid({ ...weight, data: wrong([1]) }, spec), /^weight must be a Float32Array, got Array$/, 'TypeError'],
  [(k) => k.fitGrid(weight, withGrid({ bits: 1 })), /^bits must be a whole number from 2 to 8, got 1$/, 'RangeError'],
  [(k) => k.fitGrid(weight, withGrid({ bits: 9 })), /got 9$/, 'RangeError'],
  [
    (k) => k.fitGrid(weight, withGrid({ name: wrong('nf4') })),
    /^grid name must be one of gptq, .* got nf4$/,
    'RangeError',
  ],
  [(k) => k.fitGrid(weight, withGrid({ name: 'owq' })), /^the owq grid must be symmetric/, 'RangeError'],
  [(k) => k.fitGrid(weight, withGrid({ name: 'smoothquant' })), /^the smoothquant grid must be sym/, 'RangeError'],
  [(k) => k.fitGrid(weight, { ...spec, granularity: wrong('row') }), /^granularity must be one of/, 'RangeError'],
  [
    (k) => k.fitGrid(weight, { ...spec, scaleType: wrong('F16') }),
    /^scaleType must be one of float32, float16, bfloat16, got F16$/,
    'RangeError',
  ],
  [(k) => k.fitGrid(weight, { ...spec, groupSize: 0 }), /^groupSize must be a whole number/, 'RangeError'],
  [
    (k) => k.fitGrid(weight, { ...spec, clip: { norm: 0, steps: 100, maxShrink: 0.8 } }),
    /^clip norm must be above 0 and at most 6, got 0$/,
    'RangeError',
  ],
  [
    (k) => k.fitGrid(weight, { ...spec, clip: { norm: 2, steps: 0, maxShrink: 0.8 } }),
    /^clip steps must be/,
    'RangeError',
  ],
  [
    (k) => k.fitGrid(weight, { ...spec, clip: { norm: 2, steps: 100, maxShrink: 1.5 } }),
    /^clip maxShrink must be/,
    'RangeError',
  ],
  [
    (k) => k.fitGrid({ ...weight, data: Float32Array.of(0, 0, 0, NaN, 0, 0, 0, 0) }, spec),
    /^weight must be finite, got NaN at place 3$/,
    'RangeError',
  ],
  [(k) => k.encode(weight, spec, { ...parameters, groups: 3 }), /^parameters must have 2 groups a row/, 'RangeError'],
  [
    (k) => k.encode(weight, spec, { ...parameters, scales: new Float32Array(3) }),
    /^scales must have 4 values, got 3$/,
    'RangeError',
  ],
  [
    (k) => k.encode(weight, spec, { ...parameters, zeroPoints: undefined }),
    /^zeroPoints must be a Float32Array, got Undefined$/,
    'TypeError',
  ],
  [
    (k) => k.encode(weight, spec, parameters, Int32Array.of(0, 1, 2, 0)),
    /^groupIndex must be from 0 to 1, got 2 at column 2$/,
    'RangeError',
  ],
  [(k) => k.decode(new Uint8Array(7), 2, 4, spec, parameters), /^codes must have 8 values/, 'RangeError'],
  [(k) => k.pack(new Uint8Array(7), 2, 4, 4), /^codes must have 8 values/, 'RangeError'],
  [(k) => k.unpack(new Uint8Array(3), 2, 3, 4), /^packed must have 4 values, got 3$/, 'RangeError'],
  [(k) => k.addSecondMoment(moment, new Float32Array(9), 2, 4), /^inputs must have 8 values, got 9$/, 'RangeError'],
  [(k) => k.addSecondMoment(moment, new Float32Array(6), 2, 3), /^moment must have 9 values/, 'RangeError'],
  [
    (k) => k.addColumnStatistics(createColumnStatistics(3), new Float32Array(8), 2, 4),
    /^absMax must have 4 values, got 3$/,
    'RangeError',
  ],
  [(k) => k.inverseFactor(moment, 3, 0.01), /^moment must have 9 values/, 'RangeError'],
  [(k) => k.inverseFactor(moment, 4, -1), /^dampPercent must be from 0 to 1, got -1$/, 'RangeError'],
  [(k) => k.gptq(weight, new Float32Array(9), options), /^moment must have 16 values/, 'RangeError'],
  [(k) => k.gptq(weight, moment, { ...options, blockSize: 0.5 }), /^blockSize must be a whole/, 'RangeError'],
  [(k) => k.gptq(weight, moment, { ...options, dampPercent: NaN }), /^dampPercent must be from/, 'RangeError'],
  [(k) => k.gptq(weight, moment, { ...options, actOrder: wrong(true) }), /^actOrder must be one of/, 'RangeError'],
  [
    (k) => k.gptq(weight, moment, { ...options, actOrder: 'static', groupScales: 'dynamic' }),
    /so groupScales must be 'static', got 'dynamic'$/,
    'RangeError',
  ],
  [
    (k) => k.gptq({ ...weight, data: weight.data.map(() => Infinity) }, moment, options),
    /^weight must be finite, got Infinity at place 0$/,
    'RangeError',
  ],
  [(k) => k.roundScaled(weight, new Float32Array(3), spec), /^factors must have 4 values, got 3$/, 'RangeError'],
  [
    (k) => k.clipGroups(weight, new Float32Array(3), spec, { steps: 20, maxShrink: 0.5 }),
    /^samples must have whole rows of 4 values, got 3$/,
    'RangeError',
  ],
  [
    (k) => k.clipGroups(weight, new Float32Array(4), spec, { steps: 20, maxShrink: 2 }),
    /^clip maxShrink must be above 0 and at most 1, got 2$/,
    'RangeError',
  ],
  [(k) => k.quadraticError(weight, new Float32Array(8)), /^moment must have 16 values/, 'RangeError'],
  [(k) => k.rotate(weight.data, 0, [{ size: 4 }], 1), /^outer must be a whole number from 1 /, 'RangeError'],
  [(k) => k.rotate(weight.data, 2, [{ size: 4 }], 0), /^inner must be a whole number from 1 /, 'RangeError'],
  [(k) => k.rotate(weight.data, 2, [{ size: 0 }], 1), /^size of factor 0 must be a whole number/, 'RangeError'],
  [(k) => k.rotate(weight.data, 2, [{ size: 4 }], 2), /^values must have 16 values, got 8$/, 'RangeError'],
  [
    (k) => k.rotate(weight.data, 2, [{ size: 2 }, { size: 2, matrix: new Float64Array(3) }], 1),
    /^matrix of factor 1 must have 4 values, got 3$/,
    'RangeError',
  ],
  [
    (k) => k.rotate(weight.data, 2, [{ size: 4, matrix: wrong(new Float32Array(16)) }], 1),
    /^matrix of factor 0 must be a Float64Array, got Float32Array$/,
    'TypeError',
  ],
  [(k) => k.widen(new Uint8Array(3), 'F16'), /^bytes must come in pairs for F16, got 3$/, 'RangeError'],
  [(k) => k.narrow(new Float32Array(1), wrong('F32')), /^dtype must be one of BF16, F16, got F32$/, 'RangeError'],
];

for (const kernels of await loadAll()) {
  t.test(`bad arguments: ${nameOf(kernels)}`, async (t) => {
    for (const [call, message, name] of calls) await t.rejects(call(kernels), { name, message }, String(message));
  });
}

t.test('bad numbers of threads', async (t) => {
  for (const count of [0, 1.5, NaN, 5000]) {
    t.throws(() => setThreads(count), { name: 'RangeError', message: /^threads must be a whole number/ });
  }
});
