import t from 'tap';
import { hadamardFactors, hasHadamard, invertRotation, type RotationFactor } from '@lowbit/kernels';

/** The signs of a factor, which must be 1 / sqrt(size) apart from them. */
function signsOf({ size, matrix }: RotationFactor): Int8Array {
  const root = Math.sqrt(size);
  return Int8Array.from(matrix!, (value) => {
    const sign = value > 0 ? 1 : -1;
    if (value !== sign / root) throw new Error(`an entry of the factor ${size} is ${value}`);
    return sign;
  });
}

function kroneckerProduct(factors: readonly RotationFactor[]): Int8Array {
  let [product, size] = [Int8Array.of(1), 1];
  for (const factor of factors) {
    const [signs, total] = [signsOf(factor), size * factor.size];
    const [before, beforeSize] = [product, size];
    product = new Int8Array(total * total).map((_, at) => {
      const [row, column] = [Math.floor(at / total), at % total];
      const [i, j] = [Math.floor(row / factor.size), Math.floor(column / factor.size)];
      return before[i * beforeSize + j]! * signs[(row % factor.size) * factor.size + (column % factor.size)]!;
    });
    size = total;
  }
  return product;
}

/** Pairs of rows that are not orthogonal, in whole numbers; a row of signs times itself is n by itself. */
function failingPairs(signs: Int8Array, n: number): number {
  let failing = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += signs[i * n + k]! * signs[j * n + k]!;
      if (sum !== 0) failing++;
    }
  }
  return failing;
}

const sizes = (n: number): number[] => hadamardFactors(n).map(({ size }) => size);

t.test('every multiple of 4 up to 256 has a matrix, H H^T = n I', async (t) => {
  for (const n of [1, 2, ...Array.from({ length: 64 }, (_, i) => 4 * (i + 1))]) {
    const signs = kroneckerProduct(hadamardFactors(n));
    t.equal(signs.length, n * n);
    t.equal(failingPairs(signs, n), 0, `order ${n}`);
    t.ok(hasHadamard(n));
  }
});

t.test('sizes of published models', async (t) => {
  const expected: [number, number[]][] = [
    [576, [36, 16]],
    [1536, [12, 128]],
    [4096, [64, 64]],
    [4864, [76, 64]],
    [5632, [44, 128]],
    [8960, [140, 64]],
    [9728, [76, 128]],
    [11008, [172, 64]],
    [13696, [428, 32]],
    [13824, [108, 128]],
    [14336, [28, 32, 16]],
    [17408, [68, 16, 16]],
    [18944, [148, 128]],
    [19456, [76, 16, 16]],
    [25600, [100, 16, 16]],
    [28672, [28, 32, 32]],
    // Its own order would be 924 x 32.
    [29568, [12, 28, 44, 2]],
    [32768, [32, 32, 32]],
  ];
  for (const [n, wanted] of expected) {
    t.strictSame(sizes(n), wanted, String(n));
    // A Kronecker product is orthogonal where its factors are.
    for (const factor of hadamardFactors(n)) {
      t.equal(failingPairs(signsOf(factor), factor.size), 0, `${n}: factor ${factor.size}`);
    }
  }
});

t.test('a matrix above 256 where no smaller ones multiply to the order', async (t) => {
  // 4 x 71 = 283 + 1, and 71 is prime.
  t.strictSame(sizes(568), [284, 2]);
  const [factor] = hadamardFactors(284);
  t.equal(failingPairs(signsOf(factor!), 284), 0);
});

t.test('the powers of two are Sylvester, in natural order', async (t) => {
  const [factor] = hadamardFactors(8);
  const rows = Array.from({ length: 8 }, (_, i) => signsOf(factor!).slice(8 * i, 8 * i + 8));
  const text = rows.map((row) => Array.from(row, (sign) => (sign > 0 ? '+' : '-')).join(''));
  t.strictSame(text, ['++++++++', '+-+-+-+-', '++--++--', '+--++--+', '++++----', '+-+--+-+', '++----++', '+--+-++-']);
});

t.test('the inverse has every matrix transposed', async (t) => {
  const [factor] = hadamardFactors(12);
  const [inverse, alone] = invertRotation([factor!, { size: 5 }]);
  t.equal(inverse!.matrix![1 * 12 + 7], factor!.matrix![7 * 12 + 1]);
  t.not(inverse!.matrix!.join(), factor!.matrix!.join(), 'this one is not symmetric');
  t.strictSame(alone, { size: 5, matrix: undefined });
});

t.test('orders without a matrix', async (t) => {
  const cases: [number, RegExp][] = [
    [9, /^no Hadamard matrix of order 9 can be built: with the odd part 9 there are 36 x 1, 2, 4, 8 \.\.; every mult/],
    [6, /^no Hadamard matrix of order 6 can be built: with the odd part 3 there are 12 x 1, 2, 4, 8 /],
    [
      268,
      /^no Hadamard matrix of order 268 can be built: with the odd part 67 none is known here; every multiple of 4 up/,
    ],
    // 5 x 13: only as 20 x 52
    [260, /with the odd part 65 there are 1040 x 1, 2, 4, 8 /],
    [0, /^order must be a whole number from 1 /],
    [2.5, /^order must be a whole number from 1 /],
  ];
  for (const [n, message] of cases) {
    t.throws(() => hadamardFactors(n), { name: 'RangeError', message });
    t.notOk(hasHadamard(n));
  }
});
