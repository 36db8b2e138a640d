import { pairedInterval, PythonRandom, studentQuantile } from '@lowbit/core';
import t from 'tap';

const near = (value: number, expected: number, relative = 1e-12): boolean => Math.abs(value / expected - 1) < relative;

// scipy 1.17.1: stats.t.ppf(.5 + level / 2, freedom). It is sure of about 12 digits.
const freedoms = [1, 2, 3, 8, 30, 157, 2000];
const quantiles: [level: number, expected: number[]][] = [
  [
    0.9,
    [
      6.313751514675037, 2.9199855803537242, 2.3533634348018233, 1.8595480375308973, 1.697260886593957,
      1.6546170347148874, 1.6456158666989071,
    ],
  ],
  [
    0.99,
    [
      63.656741162871526, 9.924843200918287, 5.840909309733355, 3.355387331333395, 2.7499956535672254,
      2.6075064741648366, 2.5782897875575186,
    ],
  ],
];

for (const [level, expected] of quantiles)
  t.test(`Student's quantiles at ${level}`, async (t) => {
    for (const [i, freedom] of freedoms.entries()) {
      const value = studentQuantile(level, freedom);
      t.ok(near(value, expected[i] as number, 1e-10), `${freedom}: ${value}`);
    }
  });

t.test('equal weights: the interval of the paired t-test', async (t) => {
  // scipy 1.17.1: stats.ttest_rel(a, b).confidence_interval(level)
  const a = [3.1, 2.7, 4.4, 3.9, 2.2, 5.0, 3.3];
  const b = [2.9, 2.8, 4.0, 3.1, 2.3, 4.4, 3.2];
  const { low, high } = pairedInterval(a, b);
  t.ok(near(low, -0.04767352788067314) && near(high, 0.5905306707378161), `${low} to ${high}`);
  const narrow = pairedInterval(a, b, { level: 0.9 });
  t.ok(near(narrow.low, 0.01801817311013132) && near(narrow.high, 0.5248389697470115));
  const turned = pairedInterval(b, a);
  t.ok(near(turned.low, -high) && near(turned.high, -low), 'the other way round it is the same interval');
});

t.test('weighted: 95 % of the intervals hold the true difference, and pairing is what makes them narrow', async (t) => {
  const random = new PythonRandom(5);
  const truth = 0.02;
  let held = 0;
  let [paired, apart] = [0, 0];
  const rounds = 1000;
  for (let round = 0; round < rounds; round++) {
    const tokens = Array.from({ length: 50 }, () => random.randint(50, 500));
    // Documents differ by far more than the two recipes do on any of them.
    const b = tokens.map((count) => count * (1 + 2 * random.random()));
    const a = b.map((sum, i) => sum + (tokens[i] as number) * (truth + 0.1 * (random.random() - random.random())));
    const { low, high } = pairedInterval(a, b, { weights: tokens });
    if (low < truth && truth < high) held++;
    paired += high - low;
    const shuffled = b.map(
      (_, i) => ((b[(i + 1) % 50] as number) / (tokens[(i + 1) % 50] as number)) * (tokens[i] as number),
    );
    const other = pairedInterval(a, shuffled, { weights: tokens });
    apart += other.high - other.low;
  }
  // 1000 rounds know a share of 0.95 to 0.7 %; four of these, and what the delta method leaves out with 50 documents.
  t.ok(Math.abs(held / rounds - 0.95) < 0.03, `${held / rounds}`);
  t.ok(paired < apart / 5);
});

t.test('one document, and lists that do not belong together', async (t) => {
  t.strictSame(pairedInterval([3], [2]), { value: 1, stderr: undefined, low: -Infinity, high: Infinity });
  t.throws(() => pairedInterval([1, 2], [1]), { message: /same documents, got 2, 1 and 2/ });
});
