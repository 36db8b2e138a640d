import t from 'tap';
import type { GridSpec, Kernels, Matrix } from '@lowbit/kernels';
import { createInputs, createWeight, secondMoment } from './support/data.js';
import { loadAll, nameOf } from './support/implementations.js';

const [rows, cols, tokens, size] = [5, 37, 50, 16];
const spec: GridSpec = {
  grid: { name: 'awq', symmetric: false, bits: 3 },
  granularity: 'group',
  groupSize: size,
};
const search = { steps: 20, maxShrink: 0.5 };
const shares = Array.from({ length: 10 }, (_, i) => Math.fround(1 - i / 20));

function columns({ data, cols }: Matrix, start: number, end: number): Matrix {
  const rows = data.length / cols;
  return {
    rows,
    cols: end - start,
    data: Float32Array.from({ length: rows * (end - start) }, (_, i) => {
      const row = Math.floor(i / (end - start));
      return data[row * cols + start + (i % (end - start))]!;
    }),
  };
}

/** The error of the group's output, by the second moment of its inputs. */
async function outputError(kernels: Kernels, group: Matrix, clamped: Matrix, moment: Float32Array): Promise<number> {
  const parameters = await kernels.fitGrid(clamped, spec);
  const codes = await kernels.encode(clamped, spec, parameters);
  const decoded = await kernels.decode(codes, clamped.rows, clamped.cols, spec, parameters);
  return kernels.quadraticError({ ...group, data: decoded.map((q, j) => q - group.data[j]!) }, moment);
}

for (const kernels of await loadAll()) {
  t.test(`clip search: ${nameOf(kernels)}`, async (t) => {
    const weight = createWeight(rows, cols, 2);
    const inputs = { rows: tokens, cols, data: createInputs(tokens, cols, 6) };
    const clipped = { rows, cols, data: await kernels.clipGroups(weight, inputs.data, spec, search) };
    const chosen = new Set<number>();
    for (let row = 0; row < rows; row++)
      for (let start = 0; start < cols; start += size) {
        const end = Math.min(start + size, cols);
        const [group, found] = [weight, clipped].map(({ data }) =>
          columns({ rows: 1, cols, data: data.subarray(row * cols, (row + 1) * cols) }, start, end),
        ) as [Matrix, Matrix];
        const moment = secondMoment(columns(inputs, start, end).data, end - start);
        const top = Math.max(...group.data.map(Math.abs));
        const candidates = shares.map((share) => {
          const limit = Math.fround(share * top);
          return { ...group, data: group.data.map((w) => Math.min(Math.max(w, -limit), limit)) };
        });
        const errors = await Promise.all(candidates.map((each) => outputError(kernels, group, each, moment)));
        const index = candidates.findIndex(({ data }) => data.every((w, j) => w === found.data[j]));
        t.ok(index >= 0, `row ${row} from column ${start} is clamped to one of the shares`);
        // The moment of the check is rounded to float32.
        t.ok(errors[index]! <= Math.min(...errors) * (1 + 1e-5), `${index} of ${errors.join(' ')}`);
        chosen.add(index);
      }
    t.ok(chosen.size > 2, 'different groups choose different shares');
  });
}
