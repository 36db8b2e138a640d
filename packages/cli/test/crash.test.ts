import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readRun } from '@lowbit/core';
import { callLowbit } from './call-lowbit.js';
import { experiment, runLowbit } from './run-lowbit.js';

// Each command starts several processes; on a busy machine that takes seconds.
t.setTimeout(120_000);

// Place of the cell in the plan: rtn on tinystories.
const cell = 2;
const small = { ...experiment, recipes: experiment.recipes.slice(0, 2), workers: 1 };

for (const [what, hook, status] of [
  ['a worker that dies once costs nothing but time', `${cell}:exit:1`, 0],
  ['a cell that ends each worker fails alone', `${cell}:exit:9`, 3],
  ['a process that aborts once costs nothing but time', `${cell}:abort:1`, 0],
  ['a cell that aborts each process fails alone', `${cell}:abort:9`, 3],
] as const)
  t.test(what, async (t) => {
    const folder = t.testdir({ 'experiment.json': JSON.stringify(small) });
    const args = ['run', join(folder, 'experiment.json'), '-o', join(folder, 'run')];
    const env = { LOWBIT_TEST_CRASH: hook };
    // A worker's death is met inside the process; only an abort needs one of its own.
    const inside = hook.includes('exit');
    if (inside) {
      Object.assign(process.env, env);
      t.teardown(() => delete process.env['LOWBIT_TEST_CRASH']);
    }
    const ended = inside ? await callLowbit(t, args) : await runLowbit(args, { env });
    t.equal(ended.status, status, ended.stderr);
    const { cells } = await readRun(join(folder, 'run'));
    t.equal(cells.length, 4);
    const failed = cells.filter((each) => each.status === 'failed');
    if (status === 0) t.same(failed, []);
    else t.match(failed, [{ recipe: 'rtn', task: 'tinystories', error: { code: 'WORKER_LOST' } }]);
  });

t.test('Ctrl-C ends with 130, keeps what is done and leaves no lock', async (t) => {
  const folder = t.testdir({ 'experiment.json': JSON.stringify({ ...small, tasks: ['tinystories'] }) });
  const run = join(folder, 'run');
  const ended = await runLowbit(['run', join(folder, 'experiment.json'), '-o', run], {
    signal: { name: 'SIGINT', after: '[0/2]' },
  });
  t.equal(ended.status, 130, ended.stderr);
  t.match(ended.stderr, /cells are kept/);
  t.equal(ended.stdout, '');
  t.notOk((await readdir(run)).includes('run.lock'));
});
