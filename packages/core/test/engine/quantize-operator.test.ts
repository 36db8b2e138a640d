import t from 'tap';
import { openSession, operatorGraph } from '@lowbit/core';
import type { Quantize } from '@lowbit/core';
import { plainQuantize } from '../fixtures/plain-quantize.js';
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

async function run(operator: Quantize, x: Float32Array): Promise<Float32Array> {
  const session = await openSession(operatorGraph([operator], width), { name: 'cpu', threads: 1 });
  const positions = { data: new BigInt64Array(x.length / width), dims: [1, x.length / width] };
  const { y } = await session.run({ positions, x: { data: x, dims: [x.length / width, width] } });
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
