import { join } from 'node:path';
import t from 'tap';
import { readRun } from '@lowbit/core';
import { callLowbit } from './call-lowbit.js';
import { experiment, model } from './run-lowbit.js';

t.setTimeout(120_000);

// A method as somebody outside the repository writes it, in TypeScript, where no node_modules leads to Lowbit: every weight
// to its sign times the row's mean size.
const signs = `
import { defineMethod, storeDense, z } from '@lowbit/core';
export const methods = [defineMethod({
  name: 'signs',
  version: '1',
  description: 'sign times mean size',
  source: 'this test',
  options: z.object({ factor: z.number().default(1) }),
  async block(block, { options }): Promise<void> {
    for (const layer of block.layers) {
      const { rows, cols, data } = await layer.weight();
      const values = new Float32Array(data.length);
      for (let row = 0; row < rows; row++) {
        let mean: number = 0;
        for (let col = 0; col < cols; col++) mean += Math.abs(data[row * cols + col]!) / cols;
        for (let col = 0; col < cols; col++) values[row * cols + col] = Math.sign(data[row * cols + col]!) * mean * options.factor;
      }
      await layer.encode([storeDense(values, rows, cols)], { method: 'signs' });
    }
  },
})];
`;

t.test('a method from a module that the experiment names', async (t) => {
  const [tasks, recipes] = [experiment.tasks.slice(0, 1), ['float', 'signs', 'signs(factor=0.5)']];
  const spec = { ...experiment, plugins: ['./signs.ts'], recipes, tasks, workers: 1 };
  const folder = t.testdir({ 'experiment.json': JSON.stringify(spec), 'signs.ts': signs });
  const ended = await callLowbit(t, ['run', join(folder, 'experiment.json'), '-o', join(folder, 'run')]);
  t.equal(ended.status, 0, ended.stderr);
  const { cells, manifest } = await readRun(join(folder, 'run'));
  t.same(
    manifest.recipes.map(({ steps }) => steps[0]?.options),
    [undefined, { factor: 1 }, { factor: 0.5 }],
  );
  const values = ['float', 'signs', 'signs(factor=0.5)'].map(
    (name) => cells.find(({ recipe }) => recipe === name)?.rows[0]?.value,
  );
  t.equal(new Set(values).size, 3);
  t.ok((values[1] ?? 0) > (values[0] ?? Infinity), 'signs alone are worse than float');
});

// One member is enough: what it means is the report's to show.
const means = `
export const groups = [{
  name: 'means',
  description: 'mean of one',
  source: 'this test',
  protocol: 'mean/acc',
  members: [{ task: 'story_continuation', metric: 'acc' }],
}];
`;

t.test('a task group is named like a task, and its mean is a row', async (t) => {
  const folder = t.testdir({ 'means.ts': means });
  const args = ['eval', model, '--data', model, '--limit', '4', '--plugin', join(folder, 'means.ts')];
  const { stdout, stderr, status } = await callLowbit(t, [...args, '--tasks', 'means', '--json']);
  t.equal(status, 0, stderr);
  const { rows } = JSON.parse(stdout) as { rows: Record<string, unknown>[] };
  t.same(
    rows.map(({ task, metric }) => [task, metric]),
    [
      ['story_continuation', 'acc'],
      ['story_continuation', 'accNorm'],
      ['means', 'meanAcc'],
    ],
  );
  t.match(rows[2], { value: rows[0]?.['value'], stderr: rows[0]?.['stderr'], n: 4, protocol: 'mean/acc' });
  const near = await callLowbit(t, [...args, '--tasks', 'mean']);
  t.match(near.stderr, /^error \[TASK_UNKNOWN\]: .*did you mean 'means'\?/m);
});

for (const [what, content, code] of [
  ['is not there', undefined, 'PLUGIN_LOAD'],
  ['throws', 'throw new Error("broken")', 'PLUGIN_LOAD'],
  ['exports nothing of use', 'export const method = 1;', 'PLUGIN_LOAD'],
  ['takes a name that is taken', signs.replaceAll("name: 'signs'", "name: 'rtn'"), 'PLUGIN_NAME'],
] as const)
  t.test(`a plugin that ${what}`, async (t) => {
    const spec = { ...experiment, plugins: ['./plugin.ts'], recipes: ['float'] };
    const folder = t.testdir({
      'experiment.json': JSON.stringify(spec),
      ...(content === undefined ? {} : { 'plugin.ts': content }),
    });
    const { status, stderr, stdout } = await callLowbit(t, [
      'run',
      join(folder, 'experiment.json'),
      '-o',
      join(folder, 'run'),
    ]);
    t.equal(status, 2);
    t.match(stderr, new RegExp(`^error \\[${code}\\]: .+`, 'm'));
    t.equal(stdout, '');
  });
