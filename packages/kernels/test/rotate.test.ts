import t from 'tap';
import { hadamardFactors, invertRotation, randomOrthogonal, type Kernels, type RotationFactor } from '@lowbit/kernels';
import { createRandom, randomArray } from './support/data.js';
import { loadAll, loadNatives, loadReference, nameOf } from './support/implementations.js';

/**
 * The greatest difference, in units of what is allowed: half the spacing of float32 at each value, plus what float64 loses
 * in sums of up to 600 products of values near 1.
 */
function worstExcess(found: Float32Array, wanted: ArrayLike<number>): number {
  return found.reduce((worst, value, i) => {
    const allowed = 2 ** -24 * Math.abs(wanted[i]!) + 1e-12;
    return Math.max(worst, Math.abs(value - wanted[i]!) / allowed);
  }, 0);
}

function matrixOf(size: number, seed: number): RotationFactor {
  const next = createRandom(seed);
  return { size, matrix: Float64Array.from({ length: size * size }, next) };
}

/** The Kronecker product of the factors as one matrix. */
function denseMatrix(factors: readonly RotationFactor[]): RotationFactor {
  return factors.reduce<RotationFactor>(
    (product, { size, matrix }) => {
      const total = product.size * size;
      const dense = new Float64Array(total * total);
      for (let row = 0; row < total; row++) {
        for (let column = 0; column < total; column++) {
          const [i, j] = [row % size, column % size];
          const left = product.matrix![((row - i) / size) * product.size + (column - j) / size]!;
          dense[row * total + column] = left * (matrix ? matrix[i * size + j]! : Number(i === j));
        }
      }
      return { size: total, matrix: dense };
    },
    { size: 1, matrix: Float64Array.of(1) },
  );
}

/** One product by the definition, with the whole matrix. */
function multiply(values: Float32Array, outer: number, { size, matrix }: RotationFactor, inner: number): Float64Array {
  return Float64Array.from(values, (_, at) => {
    const [o, j, i] = [Math.floor(at / (size * inner)), Math.floor(at / inner) % size, at % inner];
    let sum = 0;
    for (let k = 0; k < size; k++) sum += values[(o * size + k) * inner + i]! * matrix![k * size + j]!;
    return sum;
  });
}

const SHAPES: [string, number, RotationFactor[], number][] = [
  ['a single value', 1, [matrixOf(1, 1)], 1],
  ['no factors', 3, [], 5],
  ['input side', 50, [matrixOf(12, 2), matrixOf(7, 3)], 1],
  ['output side', 1, [matrixOf(12, 4), matrixOf(7, 5)], 50],
  ['outer and inner', 5, [matrixOf(9, 6), matrixOf(3, 7), matrixOf(2, 8)], 3],
  ['an axis left alone in front', 7, [{ size: 6 }, matrixOf(5, 9)], 2],
  ['an axis left alone behind', 1, [matrixOf(31, 10), { size: 3, matrix: undefined }], 1],
  ['one axis left alone', 2, [{ size: 9 }], 2],
  ['wider than a tile', 1, [matrixOf(49, 11), matrixOf(10, 12)], 101],
  ['one deep factor', 33, [matrixOf(521, 13)], 1],
];

const CASES = SHAPES.map(([title, outer, factors, inner]) => {
  const dense = denseMatrix(factors);
  const values = randomArray(outer * dense.size * inner, 20);
  return { title, outer, factors, inner, values, expected: multiply(values, outer, dense, inner) };
});

for (const kernels of await loadAll()) {
  t.test(`rotations: ${nameOf(kernels)}`, async (t) => {
    for (const { title, outer, factors, inner, values, expected } of CASES) {
      await t.test(title, async (t) => {
        const copy = values.slice();
        const found = await kernels.rotate(values, outer, factors, inner);
        const excess = worstExcess(found, expected);
        t.ok(excess <= 1, `rounded once: ${excess} of what is allowed`);
        t.strictSame(values, copy, 'the values handed in stay');
      });
    }

    await t.test('the identity changes nothing, in every bit', async (t) => {
      const identity = Float64Array.from({ length: 40 * 40 }, (_, i) => Number(i % 41 === 0));
      const values = randomArray(40 * 70, 21);
      t.strictSame(await kernels.rotate(values, 70, [{ size: 40, matrix: identity }], 1), values);
      t.strictSame(await kernels.rotate(values, 1, [{ size: 40, matrix: identity }], 70), values);
    });

    await t.test('there and back, on both sides', async (t) => {
      for (const factors of [hadamardFactors(576), [{ size: 90, matrix: randomOrthogonal(90, 4) }]]) {
        const size = factors.reduce((product, factor) => product * factor.size, 1);
        const values = randomArray(size * 30, 22);
        for (const [outer, inner] of [
          [30, 1],
          [1, 30],
        ] as const) {
          const there = await kernels.rotate(values, outer, factors, inner);
          const back = await kernels.rotate(there, outer, invertRotation(factors), inner);
          const error = back.reduce((worst, value, i) => Math.max(worst, Math.abs(value - values[i]!)), 0);
          // Two roundings to float32 of values up to 4, spread over the axis by an orthogonal matrix.
          t.ok(error < 1e-6, `${size}, ${outer} x ${inner}: ${error}`);
          t.ok(there.some((value, i) => Math.abs(value - values[i]!) > 0.1));
        }
      }
    });

    await t.test('a spike and a constant', async (t) => {
      const factors = hadamardFactors(4);
      t.strictSame(await kernels.rotate(Float32Array.of(1, 0, 0, 0), 1, factors, 1), new Float32Array(4).fill(0.5));
      t.strictSame(await kernels.rotate(Float32Array.of(1, 1, 1, 1), 1, factors, 1), Float32Array.of(2, 0, 0, 0));
    });
  });
}

t.test('native and reference differ by one rounding at most, and the sets that fuse not at all', async (t) => {
  const factors = [...hadamardFactors(36), matrixOf(19, 30)];
  const values = randomArray(36 * 19 * 60, 31);
  const rotateBoth = async (kernels: Kernels) => [
    await kernels.rotate(values, 60, factors, 1),
    await kernels.rotate(values, 1, factors, 60),
  ];
  const wanted = await rotateBoth(await loadReference());
  const fused = [];
  for (const native of await loadNatives()) {
    const found = await rotateBoth(native);
    // Both round a float64 sum once, and the sums differ in their last bits: twice the half spacing.
    found.forEach((side, i) => t.ok(worstExcess(side, wanted[i]!) <= 2, `${nameOf(native)} ${i}`));
    if (['avx2', 'avx512', 'neon'].includes(native.instructionSet)) fused.push(found);
  }
  for (const other of fused.slice(1)) t.strictSame(other, fused[0]);
});
