import t from 'tap';
import { createColumnStatistics } from '@lowbit/kernels';
import { createInputs, createWeight, secondMoment } from './support/data.js';
import { loadAll, nameOf } from './support/implementations.js';

/** Greatest difference, in units of `sqrt(H_ii H_jj)`: cancellation makes single entries arbitrarily small. */
function momentError(actual: Float32Array, expected: Float32Array, cols: number): number {
  let worst = 0;
  for (let i = 0; i < cols; i++) {
    for (let j = 0; j < cols; j++) {
      const size = Math.sqrt(expected[i * cols + i]! * expected[j * cols + j]!);
      worst = Math.max(worst, Math.abs(actual[i * cols + j]! - expected[i * cols + j]!) / size);
    }
  }
  return worst;
}

for (const kernels of await loadAll()) {
  t.test(`statistics: ${nameOf(kernels)}`, async (t) => {
    await t.test('second moments, for sizes that fit no tile', async (t) => {
      for (const [tokens, cols] of [
        [1, 1],
        [3, 7],
        [300, 49],
        [513, 100],
        [40, 130],
      ] as const) {
        const inputs = createInputs(tokens, cols, cols);
        const moment = new Float32Array(cols * cols);
        await kernels.addSecondMoment(moment, inputs, tokens, cols);
        const error = momentError(moment, secondMoment(inputs, cols), cols);
        t.ok(error < 1e-6, `${tokens} x ${cols}: ${error}`);
        let asymmetric = 0;
        for (let i = 0; i < cols; i++) {
          for (let j = 0; j < i; j++) if (moment[i * cols + j] !== moment[j * cols + i]) asymmetric++;
        }
        t.equal(asymmetric, 0, 'symmetric in every bit');
      }
    });

    await t.test('calls add up, also when they are not waited for', async (t) => {
      const cols = 200;
      const inputs = createInputs(640, cols, 9);
      const moment = new Float32Array(cols * cols);
      const parts = Array.from({ length: 80 }, (_, i) => inputs.subarray(i * 8 * cols, (i + 1) * 8 * cols));
      await Promise.all(parts.map((part) => kernels.addSecondMoment(moment, part, 8, cols)));
      const error = momentError(moment, secondMoment(inputs, cols), cols);
      t.ok(error < 1e-6, String(error));
      await kernels.addSecondMoment(moment, new Float32Array(0), 0, cols);
      t.equal(momentError(moment, secondMoment(inputs, cols), cols), error, 'no tokens, no change');
    });

    await t.test('column statistics', async (t) => {
      const cols = 67;
      const inputs = createInputs(90, cols, 4);
      const statistics = createColumnStatistics(cols);
      await kernels.addColumnStatistics(statistics, inputs.subarray(0, 40 * cols), 40, cols);
      await kernels.addColumnStatistics(statistics, inputs.subarray(40 * cols), 50, cols);
      for (const j of [0, 1, 63, 64, 66]) {
        const column = Array.from({ length: 90 }, (_, token) => inputs[token * cols + j]!);
        t.equal(statistics.absMax[j], Math.max(...column.map(Math.abs)));
        t.equal(statistics.min[j], Math.min(...column));
        t.equal(statistics.max[j], Math.max(...column));
        t.equal(
          statistics.absSum[j],
          column.reduce((sum, x) => sum + Math.abs(x), 0),
        );
      }
    });

    await t.test('the quadratic error is the squared norm of D X^T', async (t) => {
      for (const [rows, cols] of [
        [1, 1],
        [5, 37],
        [30, 65],
      ] as const) {
        const delta = createWeight(rows, cols, 2);
        const inputs = createInputs(120, cols, 6);
        let expected = 0;
        for (let token = 0; token < 120; token++) {
          for (let row = 0; row < rows; row++) {
            let y = 0;
            for (let j = 0; j < cols; j++) y += delta.data[row * cols + j]! * inputs[token * cols + j]!;
            expected += y * y;
          }
        }
        const actual = await kernels.quadraticError(delta, secondMoment(inputs, cols));
        // The moment is rounded to float32.
        t.ok(Math.abs(actual - expected) < 1e-6 * expected, `${rows} x ${cols}: ${actual} for ${expected}`);
      }
    });
  });
}
