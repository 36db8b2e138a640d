import { createRandomBits, randomNormal } from '@lowbit/kernels';
import { judgeSeries } from '@lowbit/core';
import t from 'tap';

// What docs/comparing-runs.md states, on 100 simulated series a row, seeds fixed. Log-normal noise; an outlier takes 1.5 to 3
// times as long. What is suspect is measured four times more, and the median of the five is kept.
const series = 100;

interface Nights {
  seed: number;
  count: number;
  noise: number;
  outliers: number;
  /** From this night on everything takes `factor` times as long. */
  at?: number;
  factor?: number;
}

function judgeNights({ seed, count, noise, outliers, at = Infinity, factor = 1 }: Nights): string[] {
  const bits = createRandomBits(seed);
  const uniform = (): number => bits() / 2 ** 32;
  const measure = (night: number): number => {
    const drawn = Math.exp(noise * randomNormal(bits));
    const slow = uniform() < outliers ? 1.5 + 1.5 * uniform() : 1;
    return drawn * slow * (night >= at ? factor : 1);
  };
  const values: number[] = [];
  return Array.from({ length: count }, (_, night) => {
    values.push(measure(night));
    let found = judgeSeries(values, { higherIsBetter: false });
    if (found.suspect) {
      const confirm = Array.from({ length: 4 }, () => measure(night));
      found = judgeSeries(values, { higherIsBetter: false, confirm });
      values[night] = found.value;
    }
    return found.verdict;
  });
}

for (const [noise, outliers, most] of [
  [0.03, 0, 0],
  [0.03, 0.05, 0],
  [0.08, 0, 0.01],
  [0.08, 0.05, 0.02],
] as const)
  t.test(`noise of ${noise * 100} %, outliers ${outliers * 100} %`, async (t) => {
    let alarms = 0;
    const found = { '1.25': [0, 0, 0], '2': [0, 0, 0] };
    for (let seed = 1; seed <= series; seed++) {
      if (judgeNights({ seed, count: 50, noise, outliers }).includes('worse')) alarms++;
      for (const [factor, counts] of Object.entries(found)) {
        const verdicts = judgeNights({
          ...{ seed: seed + 1000, count: 33, noise, outliers, at: 30, factor: Number(factor) },
        }).slice(30);
        for (const [i] of counts.entries())
          if (verdicts.slice(0, i + 1).includes('worse')) counts[i] = (counts[i] ?? 0) + 1;
      }
    }
    t.ok(alarms / series <= most, `series of 50 nights with an alarm: ${alarms} of ${series}`);
    t.same(found['2'], [series, series, series], 'twice as slow is found in the first night');
    const [first = 0, , third = 0] = found['1.25'].map((count) => count / series);
    const [power, later] = noise === 0.03 ? [0.98, 1] : [0.4, 0.7];
    t.ok(first >= power && third >= later, `1.25 times: ${first} in the first night, ${third} in three`);
  });

t.test('1,000 nights without a change', async (t) => {
  const verdicts = judgeNights({ seed: 1, count: 1000, noise: 0.03, outliers: 0.05 });
  t.equal(verdicts.filter((verdict) => verdict === 'worse').length, 0);
});
