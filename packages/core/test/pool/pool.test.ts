import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';
import { JobPool } from '@lowbit/core';
import type { Job, JobProgress, ScoreJob } from '@lowbit/core';

// What a score job asks for is told by its subject: `die:2` ends the thread at the first two attempts.
const worker = `
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { setTimeout } from 'node:timers/promises';
export default async ({ subject, attempt }) => {
  const [what, times] = subject.split(':');
  const begin = Date.now();
  parentPort.postMessage({ done: attempt, total: 1, what });
  if (what === 'die' && attempt < Number(times)) process.exit(1);
  if (what === 'fail') return { failure: { code: 'TASK_DATA', message: 'No such file.' } };
  if (what === 'throw') throw new Error('unexpected');
  if (what === 'slow') await setTimeout(Number(times));
  return { result: { thread: threadId, begin, end: Date.now() } };
};
`;

function openPool(t: Test, slots: number, onProgress?: (job: Job, progress: JobProgress) => void): JobPool {
  const folder = t.testdir({ 'worker.mjs': worker });
  const pool = new JobPool({
    worker: pathToFileURL(join(folder, 'worker.mjs')),
    slots: Array.from({ length: slots }, (_, i) => ({
      device: { name: `device-${i}`, threads: 1 },
      workFolder: folder,
      plugins: [],
      ropeFrequencies: 'float32' as const,
      execution: 'simulated' as const,
    })),
    onProgress,
  });
  t.teardown(() => pool.close());
  return pool;
}

const ask = (subject: string): ScoreJob => ({ kind: 'score', subject, attempt: 0, sequences: [] });

/** What the worker of this file answers in place of losses. */
async function runJob(
  pool: JobPool,
  subject: string,
  alone = false,
): Promise<{ thread: number; begin: number; end: number }> {
  const result: unknown = await pool.run(ask(subject), { alone });
  return result as { thread: number; begin: number; end: number };
}

t.test('jobs of one subject go to the worker that has it', async (t) => {
  const pool = openPool(t, 2);
  const [a, b] = await Promise.all([runJob(pool, 'slow:50'), runJob(pool, 'slow:51')]);
  const [nextB, nextA] = await Promise.all([runJob(pool, 'slow:51'), runJob(pool, 'slow:50')]);
  t.equal(nextA.thread, a.thread);
  t.equal(nextB.thread, b.thread);
  t.not(a.thread, b.thread);
});

t.test('progress comes with its job, a failure with its code', async (t) => {
  const seen: [string, string][] = [];
  const pool = openPool(t, 1, (job, { what }) => seen.push([job.subject, what]));
  await runJob(pool, 'slow:100');
  await t.rejects(runJob(pool, 'fail'), { code: 'TASK_DATA', message: 'No such file.' });
  t.same(seen[0], ['slow:100', 'slow']);
});

t.test('a worker that dies costs one repetition, a second one the job, and no other job', async (t) => {
  const pool = openPool(t, 1);
  const [once, twice, after] = await Promise.allSettled(
    ['die:1', 'die:2', 'hello'].map((subject) => pool.run(ask(subject))),
  );
  t.equal(once?.status, 'fulfilled');
  t.match(twice, { status: 'rejected', reason: { code: 'WORKER_LOST', message: /2 died on it/ } });
  t.equal(after?.status, 'fulfilled');
});

t.test('an exception in the worker counts as a lost worker', async (t) => {
  await t.rejects(openPool(t, 1).run(ask('throw')), { code: 'WORKER_LOST', message: /unexpected/ });
});

t.test('a lone job runs while nothing else does', async (t) => {
  const pool = openPool(t, 2);
  const [a, b, lone, c] = await Promise.all([
    runJob(pool, 'slow:50'),
    runJob(pool, 'slow:51'),
    runJob(pool, 'slow:20', true),
    runJob(pool, 'slow:52'),
  ]);
  t.ok(lone.begin >= a.end && lone.begin >= b.end && lone.end <= c.begin);
});

t.test('closing rejects what waits and what runs', async (t) => {
  const pool = openPool(t, 1);
  const jobs = Promise.allSettled([pool.run(ask('slow:300')), pool.run(ask('hello'))]);
  await pool.close();
  t.match(await jobs, [{ status: 'rejected' }, { status: 'rejected' }]);
});
