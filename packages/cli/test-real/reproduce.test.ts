import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import type { Reproduction } from '@lowbit/core';
import { runLowbit } from '../test/run-lowbit.js';

const run = join(t.testdir(), 'run');

async function reproduce(args: readonly string[]): Promise<Reproduction> {
  const { status, stdout, stderr } = await runLowbit(['reproduce', ...args, '--strict', '--json']);
  t.equal(status, 0, stderr.slice(-500));
  return JSON.parse(stdout) as Reproduction;
}

function checkRows(t: Pick<Test, 'equal'>, { rows, isStandIn }: Reproduction, count: number): void {
  t.equal(isStandIn, true);
  t.equal(rows.length, count);
  for (const { method, verdict, ours, expected } of rows)
    t.equal(verdict, 'within', `${method}: ${ours} for ${expected}`);
}

t.test('the whole stand-in on the embedded model', async (t) => {
  checkRows(t, await reproduce(['stories260k', '-o', join(run, 'stories')]), 14);
});

t.test('three rows of the stand-in on SmolLM2', async (t) => {
  const folders = [
    ...['--models', join(homedir(), '.cache', 'lowbit', 'models')],
    ...['--data', resolve('..', 'shared', 'data')],
  ];
  const rows = ['full', 'RTN'].flatMap((pattern) => ['--rows', pattern]);
  checkRows(t, await reproduce(['smollm2', '-o', join(run, 'smollm2'), ...folders, ...rows]), 3);
});
