import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { readRun } from '@lowbit/core';
import type { RunDifference } from '@lowbit/core';
import { callLowbit } from './call-lowbit.js';
import { experiment, model } from './run-lowbit.js';

t.setTimeout(240_000);

// Round to nearest with a scale a row, as somebody outside the repository writes it. `factor` of one layer's scales is the bug.
const method = (factor: number): string => `
import { defineMethod, storeDense, z } from '@lowbit/core';
export const methods = [defineMethod({
  name: 'rows',
  version: '1',
  description: 'round to nearest, a scale a row',
  source: 'this test',
  options: z.object({}),
  async block(block): Promise<void> {
    for (const layer of block.layers) {
      const { rows, cols, data } = await layer.weight();
      const wrong = layer.linear.name === 'model.layers.2.mlp.up_proj' ? ${factor} : 1;
      const values = new Float32Array(data.length);
      for (let row = 0; row < rows; row++) {
        const own = data.subarray(row * cols, (row + 1) * cols);
        const scale = own.reduce((most: number, each: number) => Math.max(most, Math.abs(each)), 0) / 7;
        for (let col = 0; col < cols; col++) values[row * cols + col] = Math.round(own[col]! / scale) * scale * wrong;
      }
      await layer.encode([storeDense(values, rows, cols)], { method: 'rows' });
    }
  },
})];
`;

const spec = {
  ...experiment,
  recipes: ['float', 'rows'],
  tasks: [{ name: 'tinystories', limit: 4 }, 'story_continuation'],
  plugins: ['./method.ts'],
};

async function runOf(t: Test, folder: string, name: string): Promise<string> {
  const { status, stderr } = await callLowbit(t, ['run', join(folder, `${name}.json`), '-o', join(folder, name)]);
  t.equal(status, 0, stderr);
  return join(folder, name);
}

async function compare(t: Test, ...args: string[]): Promise<{ status: number; difference: RunDifference }> {
  const { status, stdout, stderr } = await callLowbit(t, ['compare', ...args, '--json']);
  t.equal(stderr, '');
  return { status, difference: JSON.parse(stdout) as RunDifference };
}

t.test('scales of one layer that are off by 2 %: found, and the layer named', async (t) => {
  // A module is loaded once in a process, so each run has a folder of its own.
  const files = (factor: number) => ({ 'run.json': JSON.stringify(spec), 'method.ts': method(factor) });
  const folder = t.testdir({ before: files(1), again: files(1), after: files(1.02) });
  const [before, again, after] = [
    await runOf(t, join(folder, 'before'), 'run'),
    await runOf(t, join(folder, 'again'), 'run'),
    await runOf(t, join(folder, 'after'), 'run'),
  ] as const;

  const calm = await compare(t, before, again);
  t.equal(calm.status, 0);
  t.same(new Set(calm.difference.rows.map(({ verdict, test }) => `${verdict} ${test}`)), new Set(['same digest']));
  t.same([calm.difference.changes, calm.difference.layers], [[], []]);

  const { status, difference } = await compare(t, before, after);
  t.equal(status, 1);
  const { rows, layers, changes } = difference;
  t.ok(rows.filter(({ recipe }) => recipe === 'float').every(({ verdict }) => verdict === 'same'));
  const find = (metric: string) => rows.find((row) => row.recipe === 'rows' && row.metric === metric);
  t.equal(find('acc')?.verdict, 'same', 'the answers tell nothing');
  for (const metric of ['perplexity', 'kl', 'targetLogprob', 'targetLogprobDelta'])
    t.match(find(metric), { verdict: /worse|improved/, test: 'tolerance' }, metric);
  t.match(layers[0], { layer: 'model.layers.2.mlp.up_proj', figure: 'weightError' });
  t.equal(new Set(layers.map(({ layer }) => layer)).size, 1, 'the others are as they were');
  t.match(changes, [{ what: 'code', of: 'rows' }]);

  const wide = ['perplexity', 'kl', 'klMedian', 'kl99', 'klMax', 'top1Agreement', 'flips', 'targetLogprob'];
  const given = [...wide, 'targetLogprobDelta'].flatMap((metric) => ['--tolerance', `${metric}=10`]);
  t.equal((await compare(t, before, after, ...given)).status, 0, 'tolerances are heeded');
});

t.test('a changed option: a table, files, and what changed', async (t) => {
  const small = { ...experiment, recipes: ['float', { name: 'w', recipe: 'rtn(bits=4)' }] };
  const changed = {
    ...small,
    recipes: [...small.recipes.slice(0, 1), { name: 'w', recipe: 'rtn(bits=2)' }, 'rtn(bits=3)'],
  };
  const other = { ...small, models: [{ name: 'elsewhere', path: model }], recipes: ['float'] };
  const folder = t.testdir({
    'before.json': JSON.stringify(small),
    'after.json': JSON.stringify(changed),
    'other.json': JSON.stringify(other),
    'cut.json': JSON.stringify({ ...small, tasks: [{ name: 'tinystories', limit: 1 }] }),
  });
  const [before, after] = [await runOf(t, folder, 'before'), await runOf(t, folder, 'after')];
  const output = join(folder, 'files');
  const { status, stdout } = await callLowbit(t, [
    'compare',
    before,
    after,
    '-o',
    output,
    '--format',
    'md,json,csv,html',
  ]);
  t.equal(status, 1);
  t.match(stdout, /^small .* to small .*: \d+ worse, .*\d+ new of \d+\.$/m);
  t.match(stdout, /^worse +stories260k +w +tinystories +perplexity +[\d.]+ +[\d.,]+ +\+[\d,.]+ % /m);
  t.match(stdout, /^rtn bits +w +4 +2$/m);
  t.match(stdout, /^model\.layers\.\d.* +w +weightError +\+/m);
  t.same((await readdir(output)).sort(), ['difference.csv', 'difference.html', 'difference.json', 'difference.md']);
  const { difference } = await compare(t, before, after);
  t.same(JSON.parse(await readFile(join(output, 'difference.json'), 'utf8')), difference);

  const back = await compare(t, after, before);
  t.ok(back.difference.rows.some(({ verdict }) => verdict === 'gone'));
  t.ok(back.difference.rows.some(({ verdict }) => verdict === 'improved'));

  const cut = await compare(t, before, await runOf(t, folder, 'cut'));
  t.equal(cut.status, 1);
  t.match(cut.difference.rows[0], { verdict: 'incomparable', reason: 'limits differ (2, 1)' });

  const { cells } = await readRun(after);
  const digest = cells.find(({ recipe, task }) => recipe === 'w' && task === 'tinystories')?.digest ?? '';
  await rm(join(after, 'cells', `${digest}.json`));
  const unfinished = await compare(t, before, after);
  t.equal(unfinished.status, 1);
  t.match(
    unfinished.difference.rows.find(({ recipe, task }) => recipe === 'w' && task === 'tinystories'),
    { verdict: 'incomparable', reason: 'the later run has no result yet' },
  );

  const apart = await callLowbit(t, ['compare', before, await runOf(t, folder, 'other')]);
  t.equal(apart.status, 2);
  t.match(apart.stderr, /^error \[USAGE\]: Expected two runs with cells in common, .*/m);
  t.match(apart.stdout, /new, .*gone|gone, .*new/);

  for (const [args, said] of [
    [[before, folder], 'RUN_UNREADABLE'],
    [[before], 'USAGE'],
    [[before, after, '--tolerance', 'kl'], 'USAGE'],
    [[before, after, '--level', '95'], 'USAGE'],
    [[before, after, '--format', 'tex'], 'USAGE'],
  ] as const) {
    const ended = await callLowbit(t, ['compare', ...args]);
    t.equal(ended.status, 2);
    t.match(ended.stderr, new RegExp(`^error \\[${said}\\]: Expected|^error \\[${said}\\]: Missing`, 'm'));
    t.equal(ended.stdout, '');
  }
});

t.test('what failed before and does not any more is new', async (t) => {
  const one = { ...spec, plugins: [], recipes: ['float'], tasks: spec.tasks.slice(0, 1) };
  const folder = t.testdir({ 'one.json': JSON.stringify(one) });
  const run = (name: string) => callLowbit(t, ['run', join(folder, 'one.json'), '-o', join(folder, name)]);
  process.env['LOWBIT_TEST_CRASH'] = '0:exit:9';
  t.teardown(() => delete process.env['LOWBIT_TEST_CRASH']);
  t.equal((await run('failed')).status, 3);
  delete process.env['LOWBIT_TEST_CRASH'];
  t.equal((await run('done')).status, 0);
  const { status, difference } = await compare(t, join(folder, 'failed'), join(folder, 'done'));
  t.equal(status, 0);
  t.ok(difference.rows.every(({ verdict }) => verdict === 'new'));
});
