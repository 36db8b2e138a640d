import { createRandomBits, randomNormal } from '@lowbit/kernels';
import { fitSteps } from '@lowbit/core';
import t from 'tap';

/** Least cost over all ways to cut a series, by trying each. */
function bruteForce(nights: number[][], price: number, least: number): number {
  const n = nights.length;
  let best = Infinity;
  for (let cuts = 0; cuts < 2 ** (n - 1); cuts++) {
    let [from, cost] = [0, -price];
    for (let to = 0; to < n; to++) {
      if (to < n - 1 && !(cuts & (1 << to))) continue;
      const points = nights.slice(from, to + 1).flat();
      cost += points.length < least && (from > 0 || to < n - 1) ? Infinity : price + deviations(points);
      from = to + 1;
    }
    best = Math.min(best, cost);
  }
  return best;
}

function deviations(points: number[]): number {
  const sorted = [...points].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  return points.reduce((sum, each) => sum + Math.abs(each - median), 0);
}

t.test('the fit costs as little as the best of all cuts', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const bits = createRandomBits(seed);
    const n = 4 + (seed % 8);
    // Some points with several measurements, some steps, some noise; `floor` sets the scale of the noise here.
    const nights = Array.from({ length: n }, (_, i) =>
      Array.from({ length: 1 + (bits() % 3) }, () => (i * 3 > n && seed % 2 ? 5 : 0) + 0.01 * randomNormal(bits)),
    );
    const floor = 1;
    const points = nights.flat().length;
    const least = 1 + (seed % 3);
    // Deviation 1 is more than any difference of neighbours makes it, unless there is a step at every other point.
    const price = 0.5 * Math.sqrt(2 / Math.PI) * Math.log(points + 1);
    const levels = fitSteps(nights, { penalty: 0.5, floor, least });
    const cost =
      (levels.length - 1) * price +
      levels.reduce((sum, { from, to }) => sum + deviations(nights.slice(from, to + 1).flat()), 0);
    t.ok(Math.abs(cost - bruteForce(nights, price, least)) < 1e-9, `series ${seed}: ${cost}`);
  }
});

t.test('levels are where they were put, and an outlier is none', async (t) => {
  const bits = createRandomBits(1);
  const series = Array.from({ length: 40 }, (_, i) => [(i < 12 ? 0 : i < 30 ? 0.4 : 0.2) + 0.02 * randomNormal(bits)]);
  series[5] = [1.5];
  series[20] = [1.5];
  const levels = fitSteps(series);
  t.same(
    levels.map(({ from, to }) => [from, to]),
    [
      [0, 11],
      [12, 29],
      [30, 39],
    ],
  );
  for (const [i, value] of [0, 0.4, 0.2].entries())
    t.ok(Math.abs((levels[i]?.value ?? NaN) - value) < 0.02, `level ${i}: ${levels[i]?.value}`);
});

t.test('the ends: nothing, one point, equal points', async (t) => {
  t.same(fitSteps([]), []);
  t.same(fitSteps([[3]]), [{ from: 0, to: 0, value: 3 }]);
  t.same(fitSteps([[3], [3], [3], [3]]), [{ from: 0, to: 3, value: 3 }]);
  t.same(fitSteps([[3], [3], [3], [4], [4], [4]]), [
    { from: 0, to: 2, value: 3 },
    { from: 3, to: 5, value: 4 },
  ]);
});
