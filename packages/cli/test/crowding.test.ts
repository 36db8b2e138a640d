import t from 'tap';
import { crowdingSince, readClocks } from '../dist/crowding.js';

const begin = { wall: 0, busy: 0, own: 0, stolen: 0, cores: 4 };

for (const [what, threads, own, busy, expected, stolen = 0] of [
  ['alone', 4, 4000, 4000, 0],
  ['beside others who leave enough', 2, 2000, 4000, 0],
  ['half of its processors taken', 2, 1000, 4000, 0.5],
  ['a process that wants all beside one that wants one', 4, 3000, 4000, 0.25],
  ['nothing left', 1, 0, 4000, 1],
  ['a fifth went to other guests of the host', 2, 2000, 2000, 0.2, 500],
  ['some to others, some to guests', 4, 3000, 4000, 0.5, 1000],
  ['all to guests', 1, 0, 0, 1, 1000],
] as const)
  t.test(what, (t) => {
    t.equal(crowdingSince(begin, threads, { wall: 1000, busy, own, stolen, cores: 4 }), expected);
    t.end();
  });

t.test('clocks run', async (t) => {
  const before = readClocks();
  while (performance.now() < before.wall + 100);
  const after = readClocks();
  t.ok(after.own - before.own > 10);
  t.ok(after.busy >= before.busy);
  t.ok(crowdingSince(before, before.cores) <= 1);
});
