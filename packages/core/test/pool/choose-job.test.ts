import t from 'tap';
import { chooseJob } from '@lowbit/core';
import type { Slot, Waiting } from '@lowbit/core';

const jobs = (...subjects: string[]): Waiting[] => subjects.map((subject) => ({ subject, alone: false }));
const free = (loaded?: string): Slot => ({ loaded, busy: false, alone: false });
const busy = (loaded: string): Slot => ({ loaded, busy: true, alone: false });

t.test('nothing waits, or nothing is free', async (t) => {
  t.equal(chooseJob([], [free()]), undefined);
  t.equal(chooseJob(jobs('a'), [busy('b')]), undefined);
});

t.test('a free slot takes a job of the subject that it has', async (t) => {
  t.same(chooseJob(jobs('a', 'b', 'a'), [free('b')]), { job: 1, slot: 0 });
  t.same(chooseJob(jobs('a', 'b'), [busy('a'), free('b')]), { job: 1, slot: 1 });
});

t.test('else of a subject that no slot has, into an empty slot if there is one', async (t) => {
  t.same(chooseJob(jobs('a', 'c'), [busy('a'), free('b'), free()]), { job: 1, slot: 2 });
});

t.test('else of the subject with the most jobs waiting', async (t) => {
  t.same(chooseJob(jobs('a', 'b', 'b'), [busy('a'), busy('b'), free('c')]), { job: 1, slot: 2 });
});

t.test('a lone job waits until all slots are free, and others wait for it', async (t) => {
  const waiting = [...jobs('a'), { subject: 'b', alone: true }];
  t.equal(chooseJob(waiting, [busy('a'), free('b')]), undefined);
  t.same(chooseJob(waiting, [free('a'), free('b')]), { job: 1, slot: 1 });
  t.equal(chooseJob(jobs('a'), [free('a'), { ...busy('b'), alone: true }]), undefined);
});
