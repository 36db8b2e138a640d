import t from 'tap';
import { loadAll, nameOf } from './support/implementations.js';

/** The stream as one big integer, low code first. */
function packRow(codes: number[], bits: number): number[] {
  let value = 0n;
  codes.forEach((code, i) => (value |= BigInt(code) << BigInt(i * bits)));
  return Array.from({ length: Math.ceil((codes.length * bits) / 8) }, (_, i) =>
    Number((value >> BigInt(8 * i)) & 255n),
  );
}

const toWords = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)].map((word) => word.toString(16));

for (const kernels of await loadAll()) {
  t.test(`packing: ${nameOf(kernels)}`, async (t) => {
    await t.test('the words of methods.md 1.9', async (t) => {
      const eight = await kernels.pack(
        Uint8Array.from({ length: 8 }, (_, i) => i),
        1,
        8,
        4,
      );
      t.strictSame(toWords(eight), ['76543210']);
      const three = await kernels.pack(
        Uint8Array.from({ length: 32 }, (_, i) => i % 8),
        1,
        32,
        3,
      );
      t.strictSame(toWords(three), ['88fac688', 'c688fac6', 'fac688fa']);
    });

    await t.test('any width, odd columns: rows start on a byte and come back', async (t) => {
      for (let bits = 2; bits <= 8; bits++) {
        for (const cols of [1, 7, 32, 45]) {
          const rows = 11;
          const codes = Uint8Array.from({ length: rows * cols }, (_, i) => (i * 37 + (i >> 3)) % 2 ** bits);
          const packed = await kernels.pack(codes, rows, cols, bits);
          const expected = Array.from({ length: rows }, (_, r) =>
            packRow([...codes.subarray(r * cols, (r + 1) * cols)], bits),
          ).flat();
          t.strictSame([...packed], expected, `${bits} bits, ${cols} columns`);
          t.strictSame(await kernels.unpack(packed, rows, cols, bits), codes, `${bits} bits, ${cols} columns back`);
        }
      }
    });

    await t.test('a code with too many bits is an error that names its place', async (t) => {
      await t.rejects(
        kernels.pack(Uint8Array.of(0, 3, 4, 9), 2, 2, 2),
        new RangeError('codes of 2 bits must be at most 3, got 4 at place 2'),
      );
    });
  });
}
