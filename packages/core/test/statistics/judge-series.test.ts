import { createRandomBits, randomNormal } from '@lowbit/kernels';
import { judgeSeries } from '@lowbit/core';
import t from 'tap';

const time = { higherIsBetter: false };

/** About 10 seconds, 2 % up and down in turn. */
const calm = (n: number): number[] => Array.from({ length: n }, (_, i) => 10 * (1 + 0.02 * Math.sin(7 * i)));

t.test('a slow night is suspect, and a step once it is measured again', async (t) => {
  const slow = judgeSeries([...calm(20), 13], time);
  t.match(slow, { verdict: 'same', suspect: true, value: 13 });
  t.equal(slow.levels.length, 1);
  const step = judgeSeries([...calm(20), 13], { ...time, confirm: [13.1, 12.8, 12.9, 13.2] });
  t.match(step, { verdict: 'worse', suspect: false, value: 13 });
  t.same(
    step.levels.map(({ from, to }) => [from, to]),
    [
      [0, 19],
      [20, 20],
    ],
  );
  t.ok(Math.abs(step.change - 0.3) < 0.02, `${step.change}`);
  t.ok(step.tolerance < 0.16, `${step.tolerance}`);
  const chance = judgeSeries([...calm(20), 13], { ...time, confirm: [10, 10.1, 9.8, 10.2] });
  t.match(chance, { verdict: 'same', suspect: false });
  t.ok(Math.abs(chance.value - 10.1) < 1e-9, `${chance.value}`);
  t.match(judgeSeries([...calm(20), 13], { ...time, confirm: [13, 13, 10, 10] }), { verdict: 'same' });
});

t.test('the direction is the metric’s', async (t) => {
  const given = { confirm: [13, 13, 13, 13] };
  t.equal(judgeSeries([...calm(20), 13], { higherIsBetter: true, ...given }).verdict, 'improved');
  t.equal(judgeSeries([...calm(20), 7], { higherIsBetter: true, confirm: [7, 7, 7, 7] }).verdict, 'worse');
});

t.test('three slow nights need no second measurement; a step is news for five', async (t) => {
  const series = [...calm(20), 13, 13.2, 12.9, 13, 13.1, 12.8, 13];
  const verdicts = Array.from({ length: 7 }, (_, i) => judgeSeries(series.slice(0, 21 + i), time).verdict);
  t.same(verdicts, ['same', 'same', 'worse', 'worse', 'worse', 'same', 'same']);
  t.equal(judgeSeries(series, { ...time, since: 3 }).verdict, 'worse', 'against a baseline it stays');
  t.equal(judgeSeries(series, { ...time, since: 23 }).verdict, 'same');
});

t.test('what is clear and does not matter, and what matters and is not clear', async (t) => {
  const exact = Array.from({ length: 30 }, () => 1000);
  t.match(judgeSeries([...exact, 1050, 1050, 1050], time), { verdict: 'same', suspect: false });
  t.match(judgeSeries([...exact, 1050, 1050, 1050], { ...time, tolerance: 0.02 }), { verdict: 'worse' });
  const bits = createRandomBits(3);
  const wild = Array.from({ length: 30 }, () => 10 * Math.exp(0.3 * randomNormal(bits)));
  t.match(judgeSeries([...wild, 13, 13, 13], time), { verdict: 'same' });
});

t.test('few points: the wide tolerance, and only once it is measured again', async (t) => {
  t.match(judgeSeries([10], time), { verdict: 'same', change: 0, suspect: false });
  t.match(judgeSeries([10, 12.5], time), { verdict: 'same', suspect: false });
  t.match(judgeSeries([10, 14], time), { verdict: 'same', suspect: true });
  t.match(judgeSeries([10, 14], { ...time, confirm: [14, 14, 14, 14] }), { verdict: 'worse', tolerance: 0.3 });
  t.match(judgeSeries([10, 12], { ...time, confirm: [12, 12, 12, 12], shortTolerance: 0.1 }), { verdict: 'worse' });
});

t.test('no measurements', async (t) => {
  t.throws(() => judgeSeries([], time), RangeError);
  for (const value of [0, -1, NaN, Infinity]) t.throws(() => judgeSeries([1, value], time), RangeError);
});
