import t from 'tap';
import { randomOrthogonal, randomSigns } from '@lowbit/kernels';
import { seedWords, xoshiro128 } from './support/xoshiro.js';

t.test('signs are the top bits of xoshiro128**', async (t) => {
  // The output of the authors' C code for the state 1, 2, 3, 4 holds the plain version, and that holds ours.
  const reference = xoshiro128([1n, 2n, 3n, 4n]);
  t.strictSame(Array.from({ length: 6 }, reference), [11520n, 0n, 5927040n, 70819200n, 2031721883n, 1637235492n]);
  for (const seed of [0, 1, 12345, 2 ** 32 - 1]) {
    const next = xoshiro128(seedWords(BigInt(seed)));
    const expected = Float64Array.from({ length: 1000 }, () => (next() >> 31n ? -1 : 1));
    t.strictSame(randomSigns(1000, seed), expected, `seed ${seed}`);
  }
});

t.test('signs are balanced', async (t) => {
  const sum = randomSigns(100_000, 7).reduce((total, sign) => total + sign, 0);
  t.ok(Math.abs(sum) < 4 * Math.sqrt(100_000), `four standard deviations: ${sum}`);
});

t.test('random orthogonal matrices are orthogonal and repeat', async (t) => {
  for (const n of [1, 2, 9, 64, 200]) {
    const q = randomOrthogonal(n, n);
    let worst = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += q[i * n + k]! * q[j * n + k]!;
        worst = Math.max(worst, Math.abs(sum - Number(i === j)));
      }
    }
    // n reflections, each exact to a few units of 2^-53
    t.ok(worst < 1e-13, `${n}: ${worst}`);
    t.strictSame(randomOrthogonal(n, n), q);
    if (n > 2) t.not(randomOrthogonal(n, n + 1).join(), q.join());
  }
});

/** Means over many small matrices, with the standard deviations that the uniform (Haar) distribution gives them. */
t.test('random orthogonal matrices favour no direction', async (t) => {
  const [n, count] = [3, 6000];
  const means = { entry: 0, squared: 0, fourth: 0, trace: 0, traceSquared: 0, determinant: 0 };
  for (let seed = 0; seed < count; seed++) {
    const q = randomOrthogonal(n, seed);
    const trace = q[0]! + q[4]! + q[8]!;
    means.entry += q[0]! / count;
    means.squared += q[0]! ** 2 / count;
    means.fourth += q[8]! ** 4 / count;
    means.trace += trace / count;
    means.traceSquared += trace ** 2 / count;
    means.determinant += determinant3(q) / count;
  }
  const near = (name: keyof typeof means, value: number, deviation: number): void => {
    const distance = Math.abs(means[name] - value) / (deviation / Math.sqrt(count));
    t.ok(distance < 4, `${name}: ${means[name]} for ${value}, ${distance} standard deviations`);
  };
  // An entry of the three-dimensional sphere is uniform on -1 .. 1; the trace has second moment 1 and fourth moment 3.
  near('entry', 0, Math.sqrt(1 / 3));
  near('squared', 1 / 3, Math.sqrt(1 / 5 - 1 / 9));
  near('fourth', 1 / 5, Math.sqrt(1 / 9 - 1 / 25));
  near('trace', 0, 1);
  near('traceSquared', 1, Math.sqrt(3 - 1));
  near('determinant', 0, 1);
});

function determinant3(q: Float64Array): number {
  const terms = [0, 1, 2].map((j) => {
    const [next, last] = [(j + 1) % 3, (j + 2) % 3];
    return q[j]! * (q[3 + next]! * q[6 + last]! - q[3 + last]! * q[6 + next]!);
  });
  return terms.reduce((sum, term) => sum + term, 0);
}

t.test('bad arguments', async (t) => {
  t.throws(() => randomSigns(0, 1), { name: 'RangeError', message: /^n must be a whole number from 1 / });
  t.throws(() => randomSigns(4, -1), {
    name: 'RangeError',
    message: /^seed must be a whole number from 0 to 4294967295/,
  });
  t.throws(() => randomOrthogonal(4, 0.5), { name: 'RangeError', message: /^seed must be/ });
  t.throws(() => randomOrthogonal(9000, 1), {
    name: 'RangeError',
    message: /^n must be a whole number from 1 to 8192/,
  });
});
