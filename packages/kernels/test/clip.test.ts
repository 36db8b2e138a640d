import t from 'tap';
import type { GridSpec } from '@lowbit/kernels';
import { allGrids, createWeight, gridTitle } from './support/data.js';
import { loadAll, nameOf } from './support/implementations.js';

const clip = { norm: 2.4, steps: 100, maxShrink: 0.8 };

for (const kernels of await loadAll()) {
  t.test(`clip search: ${nameOf(kernels)}`, async (t) => {
    const weight = createWeight(6, 70, 3);

    /** `sum |decoded - weight|^norm` of one row, with the engine's own power. */
    const rowErrors = async (spec: GridSpec, norm: number) => {
      const parameters = await kernels.fitGrid(weight, spec);
      const codes = await kernels.encode(weight, spec, parameters);
      const decoded = await kernels.decode(codes, 6, 70, spec, parameters);
      const errors = new Float64Array(6);
      decoded.forEach((value, i) => (errors[Math.floor(i / 70)]! += Math.abs(value - weight.data[i]!) ** norm));
      return { errors, parameters };
    };

    await t.test('never worse than the whole range, and the best of all shares', async (t) => {
      for (const grid of allGrids([3, 4])) {
        const spec: GridSpec = { grid, granularity: 'channel', groupSize: 1 };
        const without = await rowErrors(spec, 2.4);
        const found = await rowErrors({ ...spec, clip }, 2.4);
        // 1e-6: the search sums a power good to 1e-7
        const worse = found.errors.findIndex((error, i) => error > without.errors[i]! * (1 + 1e-6));
        t.equal(worse, -1, `${gridTitle(grid)} not worse`);
        const shares = found.parameters.scales.map((scale, i) => scale / without.parameters.scales[i]!);
        t.ok(
          shares.every((share) => share > 0.2 && share <= 1.000001),
          `${gridTitle(grid)} shares ${shares}`,
        );
      }
    });

    await t.test('a search over one share is no search', async (t) => {
      const spec: GridSpec = {
        grid: { name: 'gptq', symmetric: false, bits: 4 },
        granularity: 'group',
        groupSize: 32,
      };
      t.strictSame(
        await kernels.fitGrid(weight, { ...spec, clip: { norm: 2.4, steps: 1, maxShrink: 1 } }),
        await kernels.fitGrid(weight, spec),
      );
    });

    await t.test('brute force finds the same share', async (t) => {
      const spec: GridSpec = {
        grid: { name: 'quarot', symmetric: true, bits: 3 },
        granularity: 'channel',
        groupSize: 1,
      };
      for (const norm of [1, 2, 2.4, 3.7]) {
        const { scales } = await kernels.fitGrid(weight, { ...spec, clip: { ...clip, norm } });
        const whole = await kernels.fitGrid(weight, spec);
        for (let row = 0; row < weight.rows; row++) {
          const values = weight.data.subarray(row * 70, (row + 1) * 70);
          const errorOf = (share: number) => {
            const scale = whole.scales[row]! * share;
            return values.reduce((sum, w) => {
              const code = Math.min(Math.max(Math.round(w / scale), -4), 3);
              return sum + Math.abs(code * scale - w) ** norm;
            }, 0);
          };
          const errors = Array.from({ length: 80 }, (_, i) => errorOf(1 - i / 100));
          const found = errorOf(scales[row]! / whole.scales[row]!);
          t.ok(found <= Math.min(...errors) * (1 + 1e-5), `norm ${norm}, row ${row}`);
        }
      }
    });

    await t.test('candidates are judged with the scale that is stored', async (t) => {
      const spec: GridSpec = {
        grid: { name: 'quarot', symmetric: true, bits: 3 },
        granularity: 'channel',
        groupSize: 1,
      };
      const whole = await kernels.fitGrid(weight, spec);
      // In steps finer than those of bfloat16, so that rounding decides
      const fine = { ...clip, steps: 1000 };
      const found = await kernels.fitGrid(weight, { ...spec, clip: fine, scaleType: 'bfloat16' });
      const searched = await kernels.fitGrid(weight, { ...spec, clip: fine });
      const roundedAfter = await kernels.widen(await kernels.narrow(searched.scales, 'BF16'), 'BF16');
      t.notSame(found.scales, roundedAfter);
      for (let row = 0; row < weight.rows; row++) {
        const values = weight.data.subarray(row * 70, (row + 1) * 70);
        const errorOf = (scale: number) =>
          values.reduce((sum, w) => {
            const code = Math.min(Math.max(Math.round(w / scale), -4), 3);
            return sum + Math.abs(code * scale - w) ** clip.norm;
          }, 0);
        const exact = Float32Array.from({ length: 800 }, (_, i) => whole.scales[row]! * (1 - i / fine.steps));
        const candidates = await kernels.widen(await kernels.narrow(exact, 'BF16'), 'BF16');
        t.ok(candidates.includes(found.scales[row]!), `row ${row}: one of the candidates`);
        const least = Math.min(...Array.from(candidates, errorOf));
        // 1e-5: float32 quotients and decoded weights, a power good to 1e-7
        t.ok(errorOf(found.scales[row]!) <= least * (1 + 1e-5), `row ${row}: the best of them`);
        t.ok(errorOf(found.scales[row]!) <= errorOf(roundedAfter[row]!) * (1 + 1e-5));
      }
    });

    await t.test('a tensor and rows of more than one run', async (t) => {
      const wide = createWeight(3, 5000, 5);
      const grid = { name: 'gptq', symmetric: true, bits: 3 } as const;
      for (const granularity of ['tensor', 'channel'] as const) {
        const spec: GridSpec = { grid, granularity, groupSize: 1 };
        const found = await kernels.fitGrid(wide, { ...spec, clip });
        const whole = await kernels.fitGrid(wide, spec);
        t.ok(
          found.scales.every((scale, i) => scale <= whole.scales[i]!),
          granularity,
        );
      }
    });
  });
}
