import t from 'tap';
import { createInputs, secondMoment } from './support/data.js';
import { loadAll, nameOf } from './support/implementations.js';

for (const kernels of await loadAll()) {
  t.test(`inverse factor: ${nameOf(kernels)}`, async (t) => {
    await t.test('the hand case of methods.md 2.9', async (t) => {
      const { factor, damp } = await kernels.inverseFactor(Float32Array.of(2, 1, 1, 2), 2, 0);
      const expected = [Math.sqrt(2 / 3), -Math.sqrt(1 / 6), 0, Math.sqrt(1 / 2)];
      t.ok(
        expected.every((value, i) => Math.abs(factor[i]! - value) < 1e-6),
        String(factor),
      );
      t.equal(damp, 0);
    });

    await t.test('U is upper triangular and U (H + damp) U^T = I, for sizes around the blocks', async (t) => {
      for (const n of [1, 5, 47, 48, 49, 97, 150]) {
        const moment = secondMoment(createInputs(2 * n, n, n), n);
        const { factor, damp } = await kernels.inverseFactor(moment, n, 0.01);
        let trace = 0;
        for (let j = 0; j < n; j++) trace += moment[j * n + j]!;
        t.ok(Math.abs(damp - (0.01 * trace) / n) <= 1e-6 * damp, `damp ${damp}`);
        let worst = 0;
        for (let i = 0; i < n; i++) {
          t.ok(factor.subarray(i * n, i * n + i).every((value) => value === 0));
          const product = new Float64Array(n);
          for (let k = i; k < n; k++) {
            const u = factor[i * n + k]!;
            for (let j = 0; j < n; j++) product[j]! += u * (moment[k * n + j]! + (k === j ? damp : 0));
          }
          for (let j = 0; j < n; j++) {
            let entry = 0;
            for (let k = j; k < n; k++) entry += product[k]! * factor[j * n + k]!;
            worst = Math.max(worst, Math.abs(entry - (i === j ? 1 : 0)));
          }
        }
        // float32 times the condition number, which the damping keeps near 1e3 here
        t.ok(worst < 1e-4, `${n}: ${worst}`);
      }
    });

    await t.test('a pivot that is not above zero is named', async (t) => {
      const flat = new Float32Array(9).fill(1);
      await t.rejects(kernels.inverseFactor(flat, 3, 0), { name: 'RangeError', message: /pivot at column \d/ });
      await t.rejects(kernels.inverseFactor(Float32Array.of(1, 3, 3, 1), 2, 0.01), RangeError);
      await t.rejects(kernels.inverseFactor(Float32Array.of(NaN, 0, 0, 1), 2, 0.01), RangeError);
      const { damp } = await kernels.inverseFactor(flat, 3, 0.5);
      t.equal(damp, 0.5, 'damping cures it');
    });
  });
}
