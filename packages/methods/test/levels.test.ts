import t from 'tap';
import { boundariesOf, kMeans, normalFloatLevels, normaliseLevels, uniformLevels } from '@lowbit/methods';
import { uniformNumbers } from '../../core/test/fixtures/random.js';

/** Sums of three uniform numbers, -1 to 1, ascending; the golden figures are of these. */
const next = uniformNumbers(7);
const numbers = Float64Array.from({ length: 4096 }, () => (next() + next() + next()) / 1.5 - 1);
const order = [...numbers.keys()].sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0));
const points = Float64Array.from(order, (i) => numbers[i] ?? NaN);
const ones = new Float64Array(points.length).fill(1);

function inertia(levels: Float64Array, weights: Float64Array): number {
  return points.reduce((sum, x, i) => sum + (weights[i] ?? NaN) * Math.min(...levels.map((c) => (x - c) ** 2)), 0);
}

t.test('k-means against scikit-learn 1.9.1 on the same numbers', async (t) => {
  // KMeans(random_state=0, n_init='auto', max_iter=50), the call of the KVQuant code; then the best of 50 starts.
  for (const [count, once, best] of [
    [4, 46.08871113587348, 45.99318699678347],
    [8, 12.979203253297065, 12.532915988034254],
    [16, 3.3312389231387964, 3.313224707336436],
  ] as const) {
    const centres = kMeans({ points, weights: ones }, count);
    const found = inertia(centres, ones);
    t.equal(centres.length, count);
    t.ok(found < once && found <= best * (1 + 1e-12), `${count}: ${found}, at most ${best}`);
    // 50 starts of a local search come near the optimum and not below it: no more may lie between.
    t.ok(found > best * 0.9995, `${count}: ${found} is an inertia of these points`);
  }
  const weights = Float64Array.from(order, (i) => 1 + (i % 7));
  const found = inertia(kMeans({ points, weights }, 8), weights);
  t.ok(found <= 49.84045598415136 && found > 49.8, `weighted: ${found}`);
});

t.test('k-means of few points', async (t) => {
  const of = (values: number[], weights: number[], count: number): number[] => [
    ...kMeans({ points: Float64Array.from(values), weights: Float64Array.from(weights) }, count),
  ];
  t.same(of([-1, 2, 3], [1, 1, 1], 4), [-1, 2, 3], 'no more centres than points');
  t.same(of([0, 1, 10, 11], [1, 1, 1, 1], 2), [0.5, 10.5]);
  t.same(of([0, 1, 10, 11], [3, 1, 1, 1], 2), [0.25, 10.5]);
  t.same(of([5], [2], 4), [5]);
});

t.test('NormalFloat is what the KVQuant code computes', async (t) => {
  // Its nf_signposts, float32; at 4 bits they are QLoRA's table.
  const code: Record<number, number[]> = {
    2: [-1, 0, 0.33791510323124463, 1],
    3: [
      -1, -0.4786290321540281, -0.21714173258616967, 0, 0.160930122918727, 0.33791510323124463, 0.5626167980756553, 1,
    ],
    4: [
      -1, -0.6961927084717452, -0.525072900833967, -0.3949174018457547, -0.28444125787286434, -0.18477337851439168,
      -0.09104994552110744, 0, 0.07958026322477374, 0.160930122918727, 0.24611218665606416, 0.33791510323124463,
      0.44070963304989175, 0.5626167980756553, 0.7229565126078065, 1,
    ],
  };
  for (const [bits, expected] of Object.entries(code)) {
    const levels = normalFloatLevels(Number(bits));
    t.equal(levels.length, expected.length);
    t.ok(Math.max(...levels.map((level, i) => Math.abs(level - (expected[i] ?? NaN)))) < 2e-7, `${bits} bits`);
  }
});

t.test('even levels, boundaries and Q-Norm', async (t) => {
  t.same([...uniformLevels(2)], [-1, 2 / 3 - 1, 4 / 3 - 1, 1]);
  t.same([...boundariesOf(Float64Array.of(-1, 0, 0.5))], [-0.5, 0.25]);
  const levels = kMeans({ points, weights: ones }, 4);
  const normalised = normaliseLevels({ points, weights: ones }, levels);
  const rounded = points.map((x) => {
    const distances = [...levels].map((level) => Math.abs(x - level));
    return normalised[distances.indexOf(Math.min(...distances))] ?? NaN;
  });
  const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = (values: Float64Array): number => Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));
  t.ok(Math.abs(mean(rounded) - mean(points)) < 1e-12, 'the mean is kept');
  t.ok(Math.abs(deviation(rounded) / deviation(points) - 1) < 1e-12, 'and the deviation');
  t.not(normalised[0], levels[0]);
});
