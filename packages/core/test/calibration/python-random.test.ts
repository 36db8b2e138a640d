import { PythonRandom } from '@lowbit/core';
import t from 'tap';

// All values are those of CPython 3.11's random.Random(seed), called in this order.

const repeat = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
const range = (stop: number): number[] => Array.from({ length: stop }, (_, i) => i);

t.test('random()', async (t) => {
  const random = new PythonRandom(0);
  t.strictSame(
    repeat(4, () => random.random()),
    [0.8444218515250481, 0.7579544029403025, 0.420571580830845, 0.25891675029296335],
  );
});

t.test('getrandbits of up to 53 bits', async (t) => {
  const random = new PythonRandom(0);
  t.strictSame(
    [1, 8, 31, 32, 33, 53].map((bits) => random.getrandbits(bits)),
    [1, 98, 1627694678, 3823568514, 1806341205, 8696133065399866],
  );
  for (const bits of [0, 54, 1.5]) t.throws(() => random.getrandbits(bits), RangeError);
});

t.test('seeds of several words, negative seeds, and the state after its first period', async (t) => {
  const large = new PythonRandom(2n ** 70n + 5n);
  t.strictSame(
    [large.random(), large.random(), large.getrandbits(32)],
    [0.46679953776226335, 0.4748702691919824, 1582301984],
  );
  t.equal(new PythonRandom(2 ** 32).getrandbits(32), 485306839);
  const negative = new PythonRandom(-7);
  t.strictSame(
    repeat(10, () => negative.randrange(5, 12)),
    [7, 6, 8, 10, 5, 5, 11, 9, 5, 7],
  );
  const later = new PythonRandom(1234567);
  repeat(700, () => later.getrandbits(32));
  t.equal(later.getrandbits(32), 1445602901);
});

t.test('randint draws again until it is in range', async (t) => {
  const small = new PythonRandom(0);
  t.strictSame(
    repeat(10, () => small.randint(0, 1000)),
    [864, 394, 776, 911, 430, 41, 265, 988, 523, 497],
  );
  const offsets = new PythonRandom(42);
  t.strictSame(
    repeat(8, () => offsets.randint(0, 268271 - 2048 - 1)),
    [58369, 13112, 144194, 128393, 117026, 73158, 53736, 45580],
  );
  const wide = new PythonRandom(9);
  t.strictSame(
    repeat(3, () => wide.randint(0, 2 ** 40)),
    [585718914800, 408616915370, 743056980560],
  );
  t.throws(() => wide.randint(3, 2), RangeError);
});

t.test('shuffle', async (t) => {
  const items = range(12);
  new PythonRandom(3).shuffle(items);
  t.strictSame(items, [1, 7, 10, 0, 6, 11, 4, 5, 2, 8, 9, 3]);
});

t.test('sample, from a pool and by rejection', async (t) => {
  const random = new PythonRandom(5);
  t.strictSame(random.sample(range(10), 4), [9, 4, 5, 6]);
  t.strictSame(random.sample(range(1000), 6), [707, 965, 861, 757, 667, 944]);
  t.strictSame(random.sample(range(30), 8), [16, 0, 26, 14, 24, 7, 20, 1]);
  t.strictSame(random.sample(range(22), 5), [5, 3, 11, 15, 7], 'just too many for a pool');
  t.strictSame(random.sample(range(84), 6), [48, 69, 13, 73, 31, 1], 'six need a larger pool');
  t.strictSame(random.sample(range(86), 6), [27, 52, 35, 23, 49, 20]);
  t.throws(() => random.sample([1], 2), RangeError);
});
