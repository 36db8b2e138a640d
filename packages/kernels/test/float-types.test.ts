import t from 'tap';
import type { HalfType } from '@lowbit/kernels';
import { loadAll, nameOf } from './support/implementations.js';

const halves = (bytes: Uint8Array) => [...new Uint16Array(bytes.slice().buffer)];

for (const kernels of await loadAll()) {
  t.test(`float types: ${nameOf(kernels)}`, async (t) => {
    const narrow = async (values: number[], dtype: HalfType) =>
      halves(await kernels.narrow(Float32Array.from(values), dtype));

    await t.test('known float16 values', async (t) => {
      const bits = [0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x8000, 0x7c00, 0xfc00];
      const values = [1, -2, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, -0, Infinity, -Infinity];
      t.strictSame(
        await kernels.widen(new Uint8Array(Uint16Array.from(bits).buffer), 'F16'),
        Float32Array.from(values),
      );
      t.strictSame(await narrow(values, 'F16'), bits);
    });

    await t.test('known bfloat16 values', async (t) => {
      const bits = [0x3f80, 0xc000, 0x4049, 0x0080, 0x0001, 0x8000, 0x7f80];
      const values = [1, -2, 3.140625, 2 ** -126, 2 ** -133, -0, Infinity];
      t.strictSame(
        await kernels.widen(new Uint8Array(Uint16Array.from(bits).buffer), 'BF16'),
        Float32Array.from(values),
      );
      t.strictSame(await narrow(values, 'BF16'), bits);
    });

    await t.test('ties go to the even neighbour, overflow to infinity', async (t) => {
      t.strictSame(
        await narrow([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20], 'F16'),
        [0x3c00, 0x3c02, 0x3c01],
      );
      t.strictSame(await narrow([2 ** -25, 3 * 2 ** -25, 1.5 * 2 ** -25], 'F16'), [0, 2, 1], 'subnormal');
      t.strictSame(await narrow([65519, 65520, 1e30], 'F16'), [0x7bff, 0x7c00, 0x7c00]);
      t.strictSame(await narrow([1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38], 'BF16'), [0x3f80, 0x3f82, 0x7f80]);
    });

    await t.test('every pattern comes back, NaN stays NaN', async (t) => {
      const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
      for (const dtype of ['F16', 'BF16'] as const) {
        const values = await kernels.widen(new Uint8Array(all.buffer), dtype);
        const back = await narrow([...values], dtype);
        const again = await kernels.widen(new Uint8Array(Uint16Array.from(back).buffer), dtype);
        const lost = values.findIndex((value, i) => (Number.isNaN(value) ? !Number.isNaN(again[i]) : back[i] !== i));
        t.equal(lost, -1, dtype);
        t.equal(values.filter(Number.isNaN).length, dtype === 'F16' ? 2 * 1023 : 2 * 127);
      }
    });

    await t.test('the first value that is not finite', async (t) => {
      const values = new Float32Array(200_000);
      t.equal(await kernels.firstNonFinite(values), -1);
      values[150_000] = NaN;
      t.equal(await kernels.firstNonFinite(values), 150_000);
      values[70_001] = -Infinity;
      t.equal(await kernels.firstNonFinite(values), 70_001);
      t.equal(await kernels.firstNonFinite(new Float32Array(0)), -1);
    });
  });
}
