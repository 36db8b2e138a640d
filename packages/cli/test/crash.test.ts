import { join } from 'node:path';
import t from 'tap';
import { readRun } from '@lowbit/core';
import { experiment, runLowbit } from './run-lowbit.js';

// Place of the cell in the plan: rtn on tinystories.
const cell = 2;

for (const [what, hook, status] of [
  ['a worker that dies once costs nothing but time', `${cell}:exit:1`, 0],
  ['a cell that kills each worker fails alone', `${cell}:exit:9`, 3],
  ['a process that aborts once costs nothing but time', `${cell}:abort:1`, 0],
  ['a cell that aborts each process fails alone', `${cell}:abort:9`, 3],
] as const)
  t.test(what, async (t) => {
    const folder = t.testdir({ 'experiment.json': JSON.stringify(experiment) });
    const ended = await runLowbit(['run', join(folder, 'experiment.json'), '-o', join(folder, 'run')], { env: { LOWBIT_TEST_CRASH: hook } });
    t.equal(ended.status, status, ended.stderr);
    const { cells } = await readRun(join(folder, 'run'));
    t.equal(cells.length, 6);
    const failed = cells.filter((each) => each.status === 'failed');
    if (status === 0) t.same(failed, []);
    else t.match(failed, [{ recipe: 'rtn', task: 'tinystories', error: { code: 'WORKER_LOST' } }]);
  });

t.test('Ctrl-C ends with 130, and the same command goes on', async (t) => {
  const folder = t.testdir({ 'experiment.json': JSON.stringify({ ...experiment, tasks: ['tinystories'] }) });
  const args = ['run', join(folder, 'experiment.json'), '-o', join(folder, 'run')];
  const ended = await runLowbit(args, { signal: { name: 'SIGINT', after: 2500 } });
  t.equal(ended.status, 130, ended.stderr);
  t.match(ended.stderr, /cells are kept/);
  t.equal(ended.stdout, '');
  const { status, stderr } = await runLowbit(['run', join(folder, 'experiment.json'), '-o', join(folder, 'run')], { signal: { name: 'SIGTERM', after: 60000 } });
  t.equal(status, 0, stderr);
});
