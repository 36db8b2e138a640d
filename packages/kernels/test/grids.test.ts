import t from 'tap';
import type { Kernels, Matrix } from '@lowbit/kernels';
import { allGrids, channelSpec, createWeight, gridTitle } from './support/data.js';
import { loadAll, nameOf } from './support/implementations.js';

const row = (...values: number[]): Matrix => ({ data: Float32Array.from(values), rows: 1, cols: values.length });
const close = (actual: ArrayLike<number>, expected: number[], tolerance = 1e-6) =>
  actual.length === expected.length && expected.every((value, i) => Math.abs(actual[i]! - value) <= tolerance);

async function quantize(kernels: Kernels, weight: Matrix, spec: ReturnType<typeof channelSpec>) {
  const parameters = await kernels.fitGrid(weight, spec);
  const codes = await kernels.encode(weight, spec, parameters);
  const decoded = await kernels.decode(codes, weight.rows, weight.cols, spec, parameters);
  return { parameters, codes, decoded };
}

/** Steps by the table of methods.md 1.3, in float64, for a row with both signs. */
function expectedScale(name: string, symmetric: boolean, bits: number, low: number, high: number): number {
  const largest = Math.max(-low, high);
  const levels = 2 ** bits - 1;
  if (!symmetric) return (high - low) / levels;
  if (name === 'gptq') return (2 * largest) / levels;
  if (name === 'compressed-tensors') return largest / (levels / 2);
  if (name === 'owq') return largest / 2 ** (bits - 1);
  return largest / (2 ** (bits - 1) - 1);
}

for (const kernels of await loadAll()) {
  t.test(`grids: ${nameOf(kernels)}`, async (t) => {
    await t.test('the worked row of methods.md 1.9', async (t) => {
      const weight = row(-1.5, 1.5, 0.35, 0);
      for (const name of ['gptq', 'compressed-tensors'] as const) {
        const { parameters, decoded } = await quantize(kernels, weight, channelSpec(name, true, 4));
        t.ok(close(parameters.scales, [0.2]), `${name} scale`);
        t.ok(close(decoded, [-1.6, 1.4, 0.4, 0]), `${name} decodes to ${decoded}`);
        t.equal(parameters.zeroPoints, undefined);
      }
      const { parameters, codes, decoded } = await quantize(kernels, weight, channelSpec('quarot', true, 4));
      t.ok(close(parameters.scales, [1.5 / 7], 1e-7));
      t.strictSame([...codes], [-7 + 8, 7 + 8, 2 + 8, 0 + 8]);
      t.strictSame([decoded[0], decoded[1]], [-1.5, 1.5]);
    });

    await t.test('the worked group of methods.md 1.9', async (t) => {
      const weight = row(0.5, 0.6, 0.8, 1.1);
      const gptq = await quantize(kernels, weight, channelSpec('gptq', false, 4));
      t.ok(close(gptq.parameters.scales, [0.0733333]));
      t.strictSame(gptq.parameters.zeroPoints, Float32Array.of(0));
      t.ok(close(gptq.decoded, [0.5133333, 0.5866667, 0.8066667, 1.1]));
      const awq = await quantize(kernels, weight, channelSpec('awq', false, 4));
      t.ok(close(awq.parameters.scales, [0.04]));
      t.strictSame(awq.parameters.zeroPoints, Float32Array.of(0), 'zero point -12 is clamped');
      t.ok(close(awq.decoded, [0.48, 0.6, 0.6, 0.6]));
    });

    await t.test('steps follow the table', async (t) => {
      const weight = row(-0.7, 0.9, 0.2, -0.1);
      for (const grid of allGrids([2, 3, 4, 5, 6, 7, 8])) {
        const { name, symmetric, bits } = grid;
        const { scales, zeroPoints } = await kernels.fitGrid(weight, channelSpec(name, symmetric, bits));
        const expected = expectedScale(name, symmetric, bits, -0.7, 0.9);
        // Two float32 roundings
        t.ok(Math.abs(scales[0]! - expected) <= 2 ** -22 * expected, `${gridTitle(grid)}: ${scales[0]}`);
        if (symmetric) t.equal(zeroPoints, undefined);
        else t.equal(zeroPoints?.[0], Math.round(0.7 / expected), `${gridTitle(grid)} zero point`);
      }
    });

    await t.test('floors and empty ranges', async (t) => {
      const expected: Record<string, number> = {
        'gptq sym': 2 / 15,
        'gptq asym': 2 / 15,
        'compressed-tensors sym': 2 ** -23,
        'compressed-tensors asym': 2 ** -23,
        'quarot sym': 1e-5 / 7,
        'quarot asym': 2 / 15,
        'awq sym': 1e-5 / 7,
        'awq asym': 1e-5 / 15,
        'smoothquant sym': 1e-5 / 7,
        'owq sym': 1 / 8,
      };
      for (const grid of allGrids([4])) {
        const spec = channelSpec(grid.name, grid.symmetric, 4);
        const { parameters, decoded } = await quantize(kernels, row(0, 0, 0), spec);
        const title = gridTitle(grid).slice(0, -' 4 bits'.length);
        const scale = expected[title]!;
        t.ok(Math.abs(parameters.scales[0]! - scale) <= 1e-6 * scale, `${title}: ${parameters.scales[0]}`);
        t.strictSame(decoded, new Float32Array(3), `${title} keeps zeros`);
      }
    });

    await t.test('scales of 16 bits: rounded once, and every code is the nearest on them', async (t) => {
      const weight = createWeight(9, 70);
      for (const [scaleType, dtype, halfStep] of [
        ['float16', 'F16', 2 ** -11],
        ['bfloat16', 'BF16', 2 ** -8],
      ] as const) {
        for (const grid of allGrids([2, 4, 8])) {
          const float = { grid, granularity: 'group', groupSize: 32 } as const;
          const title = `${gridTitle(grid)} ${scaleType}`;
          const { scales: exact } = await kernels.fitGrid(weight, float);
          const { parameters, codes, decoded } = await quantize(kernels, weight, { ...float, scaleType });
          const { scales, zeroPoints } = parameters;
          t.strictSame(
            await kernels.widen(await kernels.narrow(scales, dtype), dtype),
            scales,
            `${title} representable`,
          );
          t.strictSame(await kernels.widen(await kernels.narrow(exact, dtype), dtype), scales, `${title} half to even`);
          t.notSame(scales, exact);
          t.ok(scales.every((scale, i) => Math.abs(scale / exact[i]! - 1) <= halfStep));
          const least = grid.name === 'smoothquant' ? 1 : 0;
          const broken = codes.findIndex((_, i) => {
            const at = Math.floor(i / 70) * 3 + Math.floor((i % 70) / 32);
            const zero = zeroPoints?.[at] ?? 2 ** (grid.bits - 1);
            const levels = Array.from({ length: 2 ** grid.bits - least }, (_, c) => (c + least - zero) * scales[at]!);
            const nearest = Math.min(...levels.map((level) => Math.abs(level - weight.data[i]!)));
            // The float32 quotient may move a tie by an ulp of the weight.
            return Math.abs(decoded[i]! - weight.data[i]!) > nearest + 1e-6;
          });
          t.equal(broken, -1, `${title} nearest`);
        }
      }
    });

    await t.test('a zero point belongs to the rounded scale and stays a code', async (t) => {
      // 257 / 65536 lies halfway between two bfloat16 values; the even one is smaller, and 65535 / 256 rounds to 256.
      const weight = row(-65535 / 65536, -0.1, 0);
      const { scales, zeroPoints } = await kernels.fitGrid(weight, {
        ...channelSpec('gptq', false, 8),
        scaleType: 'bfloat16',
      });
      t.strictSame(scales, Float32Array.of(2 ** -8));
      t.strictSame(zeroPoints, Float32Array.of(255));
      const between = await kernels.fitGrid(row(-0.9899, 0.01), {
        ...channelSpec('gptq', false, 8),
        scaleType: 'bfloat16',
      });
      t.strictSame(between.scales, Float32Array.of(2 ** -8));
      t.strictSame(between.zeroPoints, Float32Array.of(253), '0.9899 x 256 = 253.4; on the exact scale 252.4');
    });

    await t.test('a scale is never 0 or infinite', async (t) => {
      const limits = [
        ['float16', 2 ** -24, 65504],
        ['bfloat16', 2 ** -133, (2 - 2 ** -7) * 2 ** 127],
        ['float32', 2 ** -149, (2 - 2 ** -23) * 2 ** 127],
      ] as const;
      for (const [scaleType, smallest, largest] of limits) {
        for (const [weight, limit] of [
          [row(2 ** -149, -(2 ** -149), 0), smallest],
          [row(3e38, -3e38, 0), largest],
        ] as const) {
          for (const grid of allGrids([4, 8])) {
            const spec = { ...channelSpec(grid.name, grid.symmetric, grid.bits), scaleType };
            const { parameters, decoded } = await quantize(kernels, weight, spec);
            const title = `${gridTitle(grid)} ${scaleType}: ${parameters.scales[0]}, ${decoded}`;
            if (grid.name === 'gptq') t.equal(parameters.scales[0], limit, title);
            t.ok(parameters.scales[0]! >= smallest && parameters.scales[0]! <= largest, title);
            t.ok(decoded.every(Number.isFinite), title);
            const zero = parameters.zeroPoints?.[0] ?? 0;
            t.ok(Number.isInteger(zero) && zero >= 0 && zero < 2 ** grid.bits, `${title} zero point ${zero}`);
          }
        }
      }
    });

    await t.test('a gptq row without a negative weight keeps half the codes unused', async (t) => {
      const { parameters, decoded } = await quantize(kernels, row(0, 0.5, 1), channelSpec('gptq', true, 4));
      t.ok(close(parameters.scales, [1 / 15]));
      t.ok(close(decoded, [0, 7 / 15, 7 / 15]), 'everything above 7 steps is lost');
    });

    await t.test('every grid: what is decoded encodes to the same, and errors stay below half a step', async (t) => {
      const weight = createWeight(9, 70);
      for (const grid of allGrids([2, 3, 4, 8])) {
        for (const granularity of ['tensor', 'channel', 'group'] as const) {
          const spec = { grid, granularity, groupSize: 32 };
          const title = `${gridTitle(grid)} ${granularity}`;
          const { parameters, codes, decoded } = await quantize(kernels, weight, spec);
          const again = await kernels.encode({ ...weight, data: decoded }, spec, parameters);
          t.strictSame(again, codes, `${title} idempotent`);
          t.ok(
            codes.every((code) => code < 2 ** grid.bits),
            `${title} range`,
          );
          const groups = granularity === 'group' ? 3 : 1;
          t.equal(parameters.groups, groups);
          t.equal(parameters.scales.length, granularity === 'tensor' ? 1 : 9 * groups);
          const scaleAt = (i: number) =>
            granularity === 'tensor'
              ? parameters.scales[0]!
              : parameters.scales[Math.floor(i / 70) * groups + (groups === 3 ? Math.floor((i % 70) / 32) : 0)]!;
          const least = grid.name === 'smoothquant' ? 1 : 0;
          const broken = decoded.findIndex((value, i) => {
            const clipped = codes[i] === least || codes[i] === 2 ** grid.bits - 1;
            // The float32 quotient may move a tie by an ulp of the weight.
            return !clipped && Math.abs(value - weight.data[i]!) > scaleAt(i) / 2 + 1e-6;
          });
          t.equal(broken, -1, `${title} half a step`);
        }
      }
    });

    await t.test('ties: compressed-tensors adds the zero point before it rounds', async (t) => {
      const parameters = { scales: Float32Array.of(1), zeroPoints: Float32Array.of(1), groups: 1 };
      const weight = row(0.5, 1.5, -0.5, 2.5);
      const gptq = await kernels.encode(weight, channelSpec('gptq', false, 4), parameters);
      t.strictSame([...gptq], [1, 3, 1, 3]);
      const compressed = await kernels.encode(weight, channelSpec('compressed-tensors', false, 4), parameters);
      t.strictSame([...compressed], [2, 2, 0, 4]);
    });

    await t.test('smoothquant never uses the lowest code', async (t) => {
      const parameters = { scales: Float32Array.of(1), zeroPoints: undefined, groups: 1 };
      const codes = await kernels.encode(row(-200, 200, -127, 0), channelSpec('smoothquant', true, 8), parameters);
      t.strictSame([...codes], [1, 255, 1, 128]);
    });

    await t.test('a group index replaces the order of the columns', async (t) => {
      const spec = { grid: { name: 'awq', symmetric: false, bits: 8 }, granularity: 'group', groupSize: 2 } as const;
      const weight = { data: Float32Array.of(0, 1, 0, 10, 0, 2, 0, 20), rows: 2, cols: 4 };
      const index = Int32Array.of(1, 0, 0, 1);
      // groups of the rearranged columns 1, 2, 0, 3
      const parameters = {
        scales: Float32Array.of(1, 10, 2, 20).map((x) => x / 255),
        zeroPoints: new Float32Array(4),
        groups: 2,
      };
      const codes = await kernels.encode(weight, spec, parameters, index);
      t.strictSame([...codes], [0, 255, 0, 255, 0, 255, 0, 255]);
      const decoded = await kernels.decode(codes, 2, 4, spec, parameters, index);
      t.ok(close(decoded, [...weight.data]));
    });
  });
}
