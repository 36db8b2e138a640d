import { readFile } from 'node:fs/promises';
import t from 'tap';
import { openSession, operatorGraph } from '@lowbit/core';
import type { Quantize } from '@lowbit/core';
import { float8Values, plainQuantize } from '../fixtures/plain-quantize.js';
import { normalNumbers } from '../fixtures/random.js';

const width = 24;
const tokens = 14;

/** Normal numbers of very different sizes, a channel that stands out, a token of zeros, and ties of an 8-bit code. */
function makeValues(): Float32Array {
  const values = normalNumbers(tokens * width, 5).map((x, i) => x * 10 ** ((i % 7) - 3) * (i % width === 3 ? 40 : 1));
  values.fill(0, 2 * width, 3 * width);
  for (let j = 0; j < width; j++) values[5 * width + j] = j === 0 ? 127 : j - 11.5;
  return values;
}

async function run(operator: Quantize, x: Float32Array, cols = width): Promise<Float32Array> {
  const session = await openSession(operatorGraph([operator], cols), { name: 'cpu', threads: 1 });
  const positions = { data: new BigInt64Array(x.length / cols), dims: [1, x.length / cols] };
  const { y } = await session.run({ positions, x: { data: x, dims: [x.length / cols, cols] } });
  await session.release();
  return y?.data as Float32Array;
}

function firstDifference(found: Float32Array, expected: Float32Array): string | undefined {
  const at = found.findIndex((y, i) => y !== expected[i]);
  return at < 0 ? undefined : `${found[at]} and ${expected[at]} at ${at}`;
}

const bounds = { low: -3.3, high: 2.1 };
const groupBounds = {
  low: Float32Array.of(-1.3, -0.25, 0, -9),
  high: Float32Array.of(0.7, 0.001, 0, 20.5),
};
/** Clusters of channels of any size are channels with equal ranges. */
const perChannel = (bound: number): Float32Array =>
  Float32Array.from({ length: width }, (_, j) => bound * (j < 7 ? 0.1 : j < 20 ? 1 : 30));
const scales: Partial<Quantize>[] = [
  { granularity: 'token' },
  { granularity: 'tensor' },
  { granularity: 'group', groupSize: 6 },
  { granularity: 'group', groupSize: 1, range: { low: perChannel(-2), high: perChannel(3) } },
  { granularity: 'tensor', range: bounds },
  { granularity: 'group', groupSize: 6, range: groupBounds },
];
const grids: Partial<Quantize>[] = [
  { bits: 8, symmetric: true },
  { bits: 6, symmetric: true, clipRatio: 0.9 },
  { bits: 4, symmetric: true },
  { bits: 8, symmetric: false },
  { bits: 4, symmetric: false, clipRatio: 0.95 },
  { bits: 6, symmetric: false, includeZero: false },
  { bits: 8, symmetric: true, format: 'e4m3' },
  { bits: 8, symmetric: true, arithmetic: 'bfloat16' },
  { bits: 8, symmetric: false, arithmetic: 'float16', clipRatio: 0.9 },
  { bits: 8, symmetric: true, format: 'e4m3', arithmetic: 'float16' },
  { bits: 8, symmetric: true, format: 'e5m2', clipRatio: 0.9 },
];

const values = makeValues();
for (const scale of scales)
  for (const grid of grids) {
    const operator = { kind: 'quantize', clipRatio: 1, ...grid, ...scale } as Quantize;
    t.test(JSON.stringify({ ...operator, kind: undefined }), async (t) => {
      const found = await run(operator, values);
      t.equal(firstDifference(found, plainQuantize(values, width, operator)), undefined, 'as the definition says');
      t.ok(firstDifference(found, values), 'and something was rounded');
    });
  }

interface Golden {
  width: number;
  x: number[];
  float8: Record<'e4m3' | 'e5m2', (number | null)[]>;
  cases: { operator: Partial<Quantize>; y: number[] }[];
}

const golden = JSON.parse(
  await readFile(new URL('../fixtures/torch-quantize.json', import.meta.url), 'utf8'),
) as Golden;

for (const format of ['e4m3', 'e5m2'] as const)
  t.test(`${format}: every value, the middle of every two and what lies around it`, async (t) => {
    const table = float8Values(format);
    const codes = golden.float8[format];
    t.same(
      codes.slice(0, table.length).map((value) => value ?? NaN),
      table,
      "torch's values",
    );
    t.ok(
      codes.slice(table.length, 128).every((value) => value === null),
      'and no other is finite',
    );
    const top = table.at(-1) as number;
    const middles = table.slice(1).map((value, i) => (value + (table[i] as number)) / 2);
    const around = middles.flatMap((middle) => [middle * (1 - 2 ** -23), middle, middle * (1 + 2 ** -23)]);
    const beyond = [top * 1.02, top * 1.0625, top * 1.5, 1e30, table[1] as number, (table[1] as number) / 3, 1e-30];
    const sizes = [...table, ...around, ...beyond];
    const all = Float32Array.from([...sizes, ...sizes.map((x) => -x)]);
    const x = new Float32Array(Math.ceil(all.length / width) * width);
    x.set(all);
    // The step is 1.
    const range = { low: -top, high: top };
    const operator: Quantize = {
      ...{ kind: 'quantize', format, bits: 8, symmetric: true, granularity: 'tensor', clipRatio: 1 },
      range,
    };
    const found = await run(operator, x);
    t.equal(firstDifference(found, plainQuantize(x, width, operator)), undefined);
    t.same(found.subarray(0, table.length), table, 'the values themselves stay');
    t.equal(Math.max(...found), top, 'saturates');
  });

t.test('torch gives the same', async (t) => {
  for (const { operator, y } of golden.cases) {
    const found = await run({ kind: 'quantize', ...operator } as Quantize, Float32Array.from(golden.x), golden.width);
    t.equal(firstDifference(found, Float32Array.from(y)), undefined, JSON.stringify(operator));
  }
});
