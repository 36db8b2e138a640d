import {
  adjustHolm,
  mcnemarPower,
  mcnemarSampleSize,
  mcnemarTest,
  pairedMeanPower,
  pairedMeanSampleSize,
  signTest,
} from '@lowbit/core';
import t from 'tap';

// Golden numbers: scipy 1.17.1 and statsmodels 0.15.0, by the calls named at each.
const near = (value: number, expected: number, relative = 1e-11): boolean => Math.abs(value / expected - 1) < relative;

t.test('exact McNemar', async (t) => {
  // statsmodels: mcnemar([[5, b], [c, 5]], exact=True).pvalue
  const golden: [b: number, c: number, p: number][] = [
    [0, 6, 0.03125],
    [3, 12, 0.03515625],
    [10, 10, 1],
    [40, 62, 0.037066767438560584],
    [410, 350, 0.03227430748847671],
    [12, 90, 6.125402762201369e-16],
  ];
  for (const [b, c, expected] of golden) {
    const both = [1, 1, 1, 0, 0, 0, 0];
    const list = (right: number, wrong: number): number[] => [
      ...both,
      ...Array<number>(b).fill(right),
      ...Array<number>(c).fill(wrong),
    ];
    const test = mcnemarTest(list(1, 0), list(0, 1));
    t.ok(near(test.p, expected), `${b} and ${c}: ${test.p}`);
    t.strictSame(test.discordant, [b, c]);
    t.ok(near(1 + test.difference, 1 + (b - c) / (b + c + 7)), 'the difference in accuracy');
    t.equal(test.low > 0 || test.high < 0, test.p < 0.05, 'the interval leaves out 0 where p is below its level');
  }
  t.throws(() => mcnemarTest([0.5], [1]), { message: /right \(1\) or wrong \(0\)/ });
  t.throws(() => mcnemarTest([1, 0], [1]), { message: /got 2 and 1/ });
});

t.test("the sign test's interval", async (t) => {
  // scipy: binomtest(k, m).proportion_ci(level, 'exact'); the difference is (2 share - 1) m / n.
  const golden: [k: number, m: number, level: number, low: number, high: number][] = [
    [3, 15, 0.95, 0.04331200510583602, 0.48089113380685317],
    [3, 15, 0.99, 0.023887826397815524, 0.5605284424612891],
    [0, 6, 0.95, 0, 0.45925812643990044],
    [410, 760, 0.95, 0.503284047636348, 0.5753559207419675],
    [410, 760, 0.99, 0.49211340598101333, 0.5863317843200266],
  ];
  for (const [k, m, level, low, high] of golden) {
    const test = signTest(k, m - k, 1000, level);
    // 1e-12 of a share: 54 bisections, then a difference of two nearly equal numbers.
    t.ok(Math.abs(test.low - ((2 * low - 1) * m) / 1000) < 1e-12, `${k} of ${m}: ${test.low}`);
    t.ok(Math.abs(test.high - ((2 * high - 1) * m) / 1000) < 1e-12, `${test.high}`);
  }
  t.strictSame(signTest(0, 0, 5), { n: 5, difference: 0, p: 1, discordant: [0, 0], low: 0, high: 0 });
  t.throws(() => signTest(3, 4, 5), { message: /3 \+ 4 of 5/ });
  t.throws(() => signTest(-1, 4, 5), { message: /Expected counts/ });
});

t.test("Holm's adjustment", async (t) => {
  // statsmodels: multipletests([...], method='holm')[1]
  const adjusted = adjustHolm([0.01, 0.04, 0.03, 0.005, 0.5, 0.04]);
  for (const [i, expected] of [0.05, 0.12, 0.12, 0.03, 0.5, 0.12].entries())
    t.ok(near(adjusted[i] as number, expected, 1e-14), `${adjusted[i]}`);
  t.strictSame(adjustHolm([]), []);
  t.strictSame(adjustHolm([0.7, 0.9]), [1, 1]);
});

t.test('power of exact McNemar: every outcome summed with scipy.stats.binom', async (t) => {
  const golden: [aOnly: number, bOnly: number, n: number, alpha: number, power: number][] = [
    [0.08, 0.05, 1838, 0.05, 0.9414031480447391],
    [0.1, 0.04, 200, 0.05, 0.555371270934825],
    [0.03, 0.03, 500, 0.05, 0.030865734626674704],
    [0.12, 0.05, 400, 0.001, 0.5132291165424845],
  ];
  // 1e-10: the sum leaves out what lies more than nine deviations away.
  for (const [aOnly, bOnly, n, alpha, expected] of golden)
    t.ok(near(mcnemarPower({ aOnly, bOnly }, n, alpha), expected, 1e-10), `${aOnly}, ${bOnly}, ${n}`);
  t.equal(mcnemarPower({ aOnly: 0, bOnly: 0 }, 100), 0);
  t.equal(mcnemarSampleSize({ aOnly: 0.1, bOnly: 0.06 }), 822);
  t.equal(mcnemarSampleSize({ aOnly: 0.2, bOnly: 0.1 }, { alpha: 0.01, power: 0.9 }), 454);
  t.throws(() => mcnemarPower({ aOnly: 0.8, bOnly: 0.4 }, 100), { message: /at most 1 together/ });
});

t.test('power of the paired mean', async (t) => {
  // statsmodels: TTestPower().power(effect, n, alpha), .solve_power(effect, alpha=, power=) rounded up
  const golden: [effect: number, n: number, alpha: number, power: number][] = [
    [0.5, 20, 0.05, 0.5645044184390203],
    [0.2, 148, 0.05, 0.6762494413278543],
    [0.05, 62, 0.01, 0.015708722561077425],
    [3, 3, 0.05, 0.7452680070062834],
    [0.1, 2000, 0.05, 0.9939638262213751],
  ];
  // 1e-9: the quantile of Student's t comes from a bisection of angles.
  for (const [effect, n, alpha, expected] of golden) {
    const power = pairedMeanPower(effect, n, alpha);
    t.ok(near(power, expected, 1e-9), `${effect}, ${n}: ${power}`);
  }
  t.equal(pairedMeanSampleSize(0.5), 34);
  t.equal(pairedMeanSampleSize(-0.2), 199);
  t.equal(pairedMeanSampleSize(0.1, { alpha: 0.01, power: 0.9 }), 1492);
  t.throws(() => pairedMeanSampleSize(1e-6), { message: /a smaller one/ });
});
