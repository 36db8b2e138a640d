import t from 'tap';
import type { GptqOptions, GptqResult, GridSpec, Kernels, Matrix } from '@lowbit/kernels';
import { agreement, createInputs, createWeight, secondMoment, subtract } from './support/data.js';
import { loadAll, nameOf } from './support/implementations.js';
import { quantizeByElimination } from './support/obq.js';

const ROWS = 13;
const COLS = 150;
const weight = createWeight(ROWS, COLS, 11);
const moment = secondMoment(createInputs(400, COLS, 12), COLS);

const channel: GridSpec = {
  grid: { name: 'gptq', symmetric: false, bits: 4 },
  granularity: 'channel',
  groupSize: 1,
};
const group: GridSpec = { ...channel, granularity: 'group', groupSize: 32 };
const plain: GptqOptions = {
  spec: channel,
  blockSize: 128,
  dampPercent: 0.01,
  actOrder: 'off',
  groupScales: 'static',
};

/** Every combination that means something. */
const variants: GptqOptions[] = [
  plain,
  { ...plain, actOrder: 'group' },
  { ...plain, actOrder: 'static' },
  { ...plain, spec: { ...channel, granularity: 'tensor' } },
  { ...plain, spec: { ...channel, grid: { name: 'compressed-tensors', symmetric: true, bits: 3 } } },
  { ...plain, spec: { ...group, clip: { norm: 2.4, steps: 20, maxShrink: 0.8 } }, groupScales: 'dynamic' },
  { ...plain, spec: group, actOrder: 'static' },
  { ...plain, spec: { ...channel, scaleType: 'bfloat16' } },
  { ...plain, spec: { ...group, scaleType: 'float16' }, groupScales: 'dynamic' },
  ...(['off', 'group', 'group-aware'] as const).flatMap((actOrder) =>
    (['static', 'dynamic', 'fresh'] as const).map((groupScales) => ({ ...plain, spec: group, actOrder, groupScales })),
  ),
];

const title = ({ spec, actOrder, groupScales }: GptqOptions) =>
  `${spec.grid.name} ${spec.granularity}${spec.clip ? ' clipped' : ''}, order ${actOrder}, scales ${groupScales} ` +
  (spec.scaleType ?? 'float32');

const decodeResult = (kernels: Kernels, { rows, cols }: Matrix, spec: GridSpec, result: GptqResult) =>
  kernels.decode(result.codes, rows, cols, spec, result.parameters, result.groupIndex ?? undefined);

function addToDiagonal(matrix: Float32Array, cols: number, damp: number): Float32Array {
  return matrix.map((h, i) => (i % (cols + 1) === 0 ? h + damp : h));
}

/** gar.py of GPTQModel 5.6.12 on the diagonal below, groups of 4: its local, global and composed permutations. */
const groupAware = [8, 10, 9, 11, 2, 0, 3, 1, 7, 5, 6, 4];
const groupAwareDiagonal = [4, 1, 9, 2, 3, 5, 4, 8, 12, 6, 7, 1];

for (const kernels of await loadAll()) {
  t.test(`gptq: ${nameOf(kernels)}`, async (t) => {
    await t.test('the hand case of methods.md 2.9', async (t) => {
      // The second row makes the step of the tensor 1 and its zero 0.
      const hand = { data: Float32Array.of(0.6, 0.6, 0, 15), rows: 2, cols: 2 };
      const spec: GridSpec = { ...channel, granularity: 'tensor' };
      const options = { ...plain, spec, dampPercent: 0 };
      const h = Float32Array.of(2, 1, 1, 2);
      const result = await kernels.gptq(hand, h, options);
      t.strictSame([...result.codes], [1, 0, 0, 15]);
      t.ok(Math.abs(result.loss - 0.28) < 1e-6, `loss ${result.loss}`);
      const nearest = await kernels.encode(hand, spec, result.parameters);
      t.strictSame([...nearest], [1, 1, 0, 15]);
      const delta = subtract(hand.data, await kernels.decode(nearest, 2, 2, spec, result.parameters));
      t.ok(Math.abs((await kernels.quadraticError({ ...hand, data: delta }, h)) / 2 - 0.48) < 1e-6);
    });

    await t.test('group-aware order is that of GPTQModel', async (t) => {
      const cols = groupAwareDiagonal.length;
      const h = Float32Array.from({ length: cols * cols }, (_, i) =>
        i % (cols + 1) === 0 ? (groupAwareDiagonal[i / (cols + 1)] as number) : 0,
      );
      const options = { ...plain, spec: { ...group, groupSize: 4 }, actOrder: 'group-aware' } as const;
      const weight = { data: Float32Array.from({ length: cols }, (_, i) => Math.sin(i)), rows: 1, cols };
      const result = await kernels.gptq(weight, h, options);
      t.strictSame([...(result.permutation ?? [])], groupAware);
      t.notOk(result.groupIndex, 'groups lie in order');
      // A short last group stays last, however large its diagonal.
      h[cols * cols - 1] = 100;
      const short = await kernels.gptq(weight, h, { ...options, spec: { ...group, groupSize: 5 } });
      t.strictSame([...(short.permutation ?? [])].slice(-2), [11, 10]);
    });

    await t.test('half the damped error is the loss, and the error is below that of rounding', async (t) => {
      for (const options of variants) {
        const result = await kernels.gptq(weight, moment, options);
        const delta = subtract(weight.data, await decodeResult(kernels, weight, options.spec, result));
        const damped = addToDiagonal(moment, COLS, result.damp);
        const error = await kernels.quadraticError({ ...weight, data: delta }, damped);
        // float32 through a factor of condition 1e3 (methods.md 2.9 states 1e-3)
        t.ok(Math.abs(error / 2 / result.loss - 1) < 1e-3, `${title(options)}: ${error / 2} and ${result.loss}`);
        t.equal(result.dampPercent, 0.01);
        t.equal(result.retries, 0);

        const parameters = await kernels.fitGrid(weight, options.spec);
        const nearest = await kernels.encode(weight, options.spec, parameters);
        const rounded = subtract(weight.data, await kernels.decode(nearest, ROWS, COLS, options.spec, parameters));
        const outcome = await kernels.quadraticError({ ...weight, data: delta }, moment);
        const baseline = await kernels.quadraticError({ ...weight, data: rounded }, moment);
        t.ok(outcome < 0.8 * baseline, `${title(options)}: ${outcome} against ${baseline}`);
      }
    });

    await t.test('eliminating columns from the inverse gives the same codes', async (t) => {
      const small = createWeight(4, 48, 21);
      const h = secondMoment(createInputs(150, 48, 22), 48);
      const spec: GridSpec = { ...channel, groupSize: 8 };
      const cases: [string, Partial<GptqOptions>, { width: number; stale: number } | undefined][] = [
        ['rows', {}, undefined],
        ['fresh groups', { spec: { ...spec, granularity: 'group' }, groupScales: 'fresh' }, { width: 8, stale: 1 }],
        ['stale groups', { spec: { ...spec, granularity: 'group' }, groupScales: 'dynamic' }, { width: 8, stale: 16 }],
      ];
      for (const [name, changes, refit] of cases) {
        const options = { ...plain, spec, blockSize: 16, ...changes };
        const result = await kernels.gptq(small, h, options);
        const damped = Float64Array.from(addToDiagonal(h, 48, result.damp));
        const expected = await quantizeByElimination(kernels, small, damped, spec, refit);
        // float32 against float64: a code may fall on the other side of a tie and move those after it
        t.ok(agreement(result.codes, expected.codes) > 0.97, `${name}: ${agreement(result.codes, expected.codes)}`);
        t.ok(Math.abs(result.loss / expected.loss - 1) < 0.02, `${name}: ${result.loss} for ${expected.loss}`);
      }
      const [dynamic, fresh] = await Promise.all(
        (['dynamic', 'fresh'] as const).map((groupScales) =>
          kernels.gptq(small, h, { ...plain, spec: { ...spec, granularity: 'group' }, blockSize: 16, groupScales }),
        ),
      );
      t.notSame(dynamic?.parameters.scales, fresh?.parameters.scales, 'the two ways differ');
    });

    await t.test('a diagonal moment means plain rounding', async (t) => {
      const diagonal = new Float32Array(COLS * COLS);
      for (let j = 0; j < COLS; j++) diagonal[j * COLS + j] = 1 + (j % 7);
      for (const options of variants) {
        const result = await kernels.gptq(weight, diagonal, options);
        const nearest = await kernels.encode(weight, options.spec, result.parameters, result.groupIndex ?? undefined);
        t.strictSame(result.codes, nearest, title(options));
      }
    });

    await t.test('scales are rounded before the codes are found, in groups of every kind', async (t) => {
      for (const [scaleType, dtype] of [
        ['float16', 'F16'],
        ['bfloat16', 'BF16'],
      ] as const) {
        const spec: GridSpec = { ...group, scaleType };
        for (const groupScales of ['static', 'dynamic', 'fresh'] as const) {
          const options = { ...plain, spec, groupScales };
          const result = await kernels.gptq(weight, moment, options);
          const { scales } = result.parameters;
          t.strictSame(await kernels.widen(await kernels.narrow(scales, dtype), dtype), scales, title(options));
          if (groupScales === 'static') t.strictSame(result.parameters, await kernels.fitGrid(weight, spec));
          // Only with the errors of the rounded scales is the loss that of the codes.
          const delta = subtract(weight.data, await decodeResult(kernels, weight, spec, result));
          const damped = addToDiagonal(moment, COLS, result.damp);
          const error = await kernels.quadraticError({ ...weight, data: delta }, damped);
          t.ok(Math.abs(error / 2 / result.loss - 1) < 1e-3, `${title(options)}: ${error / 2} and ${result.loss}`);
        }
      }
    });

    await t.test('the scale of the moment does not matter, dead columns or not', async (t) => {
      const holed = moment.map((h, i) => (i % COLS === 5 || Math.floor(i / COLS) === 5 ? 0 : h));
      for (const h of [moment, holed]) {
        const one = await kernels.gptq(weight, h, { ...plain, spec: group, actOrder: 'group' });
        const larger = h.map((x) => x * 2 ** 20);
        const other = await kernels.gptq(weight, larger, { ...plain, spec: group, actOrder: 'group' });
        t.strictSame(other.codes, one.codes, 'a power of two changes no bit');
        t.equal(other.loss, one.loss * 2 ** 20);
        const third = await kernels.gptq(
          weight,
          h.map((x) => x * 0.003),
          { ...plain, spec: group, actOrder: 'group' },
        );
        t.ok(agreement(third.codes, one.codes) > 0.97, `any factor: ${agreement(third.codes, one.codes)}`);
      }
    });

    await t.test('the size of the block does not matter, except to stale groups', async (t) => {
      for (const options of [plain, { ...plain, spec: group, groupScales: 'fresh' } as const]) {
        const one = await kernels.gptq(weight, moment, options);
        for (const blockSize of [1, 32, 47, 1000]) {
          const other = await kernels.gptq(weight, moment, { ...options, blockSize });
          t.ok(agreement(other.codes, one.codes) > 0.97, `${title(options)}, ${blockSize}`);
          t.ok(Math.abs(other.loss / one.loss - 1) < 0.02, `${title(options)}, ${blockSize}: ${other.loss}`);
        }
      }
      const dynamic = { ...plain, spec: group, groupScales: 'dynamic' } as const;
      const blockwise = await kernels.gptq(weight, moment, dynamic);
      const columnwise = await kernels.gptq(weight, moment, { ...dynamic, blockSize: 1 });
      t.notSame(blockwise.parameters.scales, columnwise.parameters.scales);
    });

    await t.test('dead columns become zero', async (t) => {
      const holed = moment.map((h, i) => ([3, 90].some((c) => i % COLS === c || Math.floor(i / COLS) === c) ? 0 : h));
      for (const options of variants) {
        const result = await kernels.gptq(weight, holed, options);
        t.equal(result.deadColumns, 2);
        const decoded = await decodeResult(kernels, weight, options.spec, result);
        const left = decoded.filter((value, i) => [3, 90].includes(i % COLS) && value !== 0);
        t.equal(left.length, 0, title(options));
      }
      const nothing = await kernels.gptq(weight, new Float32Array(COLS * COLS), plain);
      t.equal(nothing.deadColumns, COLS);
      t.equal(nothing.loss, 0);
    });

    await t.test('grids of rows are fitted on the weight before dead columns are cleared', async (t) => {
      const data = Float32Array.of(-1, 100, 0.5, 0.25);
      const h = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 && i !== 5 ? 1 : 0));
      const rowwise = await kernels.gptq({ data, rows: 1, cols: 4 }, h, plain);
      t.ok(Math.abs(rowwise.parameters.scales[0]! - 101 / 15) < 1e-6);
      const spec: GridSpec = { ...group, groupSize: 4 };
      const grouped = await kernels.gptq({ data, rows: 1, cols: 4 }, h, { ...plain, spec });
      t.ok(Math.abs(grouped.parameters.scales[0]! - 1.5 / 15) < 1e-6, 'grids of groups after that');
    });

    await t.test('act-order: falling diagonal, ties in order; groups in place or over the new order', async (t) => {
      const h = Float32Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? [2, 9, 2, 5, 9, 1][i / 7]! : 0));
      const small = createWeight(2, 6, 1);
      const spec: GridSpec = { ...group, groupSize: 2 };
      const result = await kernels.gptq(small, h, { ...plain, spec, actOrder: 'group' });
      t.strictSame(result.permutation, Int32Array.of(1, 4, 3, 0, 2, 5));
      t.strictSame(result.groupIndex, Int32Array.of(1, 0, 2, 1, 0, 2));
      const inPlace = await kernels.gptq(small, h, { ...plain, spec, actOrder: 'static' });
      t.strictSame(inPlace.permutation, Int32Array.of(1, 4, 3, 0, 2, 5));
      t.equal(inPlace.groupIndex ?? undefined, undefined);
      t.strictSame(inPlace.parameters, await kernels.fitGrid(small, spec));
    });

    await t.test('a failed factorization is damped more, and that is reported', async (t) => {
      const flat = new Float32Array(COLS * COLS).fill(2);
      const result = await kernels.gptq(weight, flat, { ...plain, dampPercent: 0 });
      t.match(result, { retries: 1, dampPercent: 0.01 });
      t.ok(Math.abs(result.damp - 0.02) < 1e-7);
      const indefinite = Float32Array.of(1, 1.5, 1.5, 1);
      const small = createWeight(1, 2);
      t.match(await kernels.gptq(small, indefinite, plain), { retries: 2, dampPercent: 1 });
      await t.rejects(kernels.gptq(small, Float32Array.of(1, 3, 3, 1), plain), {
        name: 'RangeError',
        message: /must be positive definite, but its pivot at column [01] .* with dampPercent 1:/,
      });
      await t.rejects(kernels.gptq(small, Float32Array.of(NaN, 0, 0, 1), plain), RangeError);
    });
  });
}
