import { readFile } from 'node:fs/promises';
import t from 'tap';
import { decodeWeight, encodeAffine, encodeAffineIn } from '@lowbit/core';
import type { AffineSpec, FloatType } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { plainQuantize, roundTo } from '../fixtures/plain-quantize.js';
import { normalNumbers } from '../fixtures/random.js';

interface Golden {
  width: number;
  x: number[];
  weights: Record<'float16' | 'bfloat16', number[]>;
}

const [rows, cols] = [12, 48];
const weight = { rows, cols, data: normalNumbers(rows * cols, 3).map((w, i) => w * 2 ** ((i % 5) - 6)) };
const specs: AffineSpec[] = [
  { grid: { name: 'quarot', symmetric: true, bits: 4 }, granularity: 'group', groupSize: 16 },
  { grid: { name: 'smoothquant', symmetric: true, bits: 6 }, granularity: 'channel', groupSize: cols },
  { grid: { name: 'quarot', symmetric: true, bits: 6 }, granularity: 'tensor', groupSize: cols },
];

for (const implementation of ['native', 'reference'] as const)
  for (const type of ['float16', 'bfloat16'] as const)
    t.test(`${implementation} kernels, ${type}`, async (t) => {
      const kernels = await loadKernels({ implementation });
      for (const spec of specs) {
        const decodedAs = async (weightType: FloatType): Promise<Float32Array> =>
          decodeWeight({ rows, cols, parts: [await encodeAffine(weight, { ...spec, weightType }, kernels)] }, kernels);
        const exact = await decodedAs('float32');
        const rounded = await decodedAs(type);
        t.same(rounded, exact.map(roundTo(type)), 'decoded weights are rounded half to even');
        t.notSame(rounded, exact);
        const { granularity, groupSize, grid } = spec;
        const axis = ({ group: 'group', channel: 'token', tensor: 'tensor' } as const)[granularity];
        const common = { kind: 'quantize', symmetric: true, clipRatio: 1, arithmetic: type } as const;
        const part = await encodeAffineIn(type, weight, spec, kernels);
        t.same(
          await decodeWeight({ rows, cols, parts: [part] }, kernels),
          plainQuantize(weight.data, cols, { ...common, bits: grid.bits, granularity: axis, groupSize }),
          'every step is rounded',
        );
      }
    });

t.test("SmoothQuant's weights by torch in a half", async (t) => {
  const file = new URL('../fixtures/torch-quantize.json', import.meta.url);
  const { x, width, weights } = JSON.parse(await readFile(file, 'utf8')) as Golden;
  const kernels = await loadKernels();
  const matrix = { rows: x.length / width, cols: width, data: Float32Array.from(x) };
  const grid = { name: 'smoothquant', symmetric: true, bits: 8 } as const;
  for (const type of ['float16', 'bfloat16'] as const) {
    const part = await encodeAffineIn(type, matrix, { grid, granularity: 'channel', groupSize: width }, kernels);
    const decoded = await decodeWeight({ rows: matrix.rows, cols: width, parts: [part] }, kernels);
    const expected = Float32Array.from(weights[type]);
    // In bfloat16 the greatest weight of the last row is 127.5 steps before it is rounded, and 128 are no code of 8 bits.
    const greatest = 3 * width + expected.subarray(3 * width).indexOf(Math.max(...expected.subarray(3 * width)));
    const step = (expected[greatest] as number) / 128;
    if (type === 'bfloat16') expected[greatest] = roundTo(type)(127 * step);
    t.same([...decoded], [...expected], type);
  }
});
