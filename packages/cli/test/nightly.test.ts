import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Night } from '@lowbit/core';
import { callLowbit } from './call-lowbit.js';
import { experiment } from './run-lowbit.js';

t.setTimeout(240_000);

const small = {
  ...experiment,
  recipes: experiment.recipes.slice(0, 2),
  tasks: experiment.tasks.slice(0, 1),
  workers: 1,
};

async function writeConfig(folder: string, spec: object, config: object = {}): Promise<string> {
  const file = join(folder, 'nightly.json');
  await writeFile(file, JSON.stringify({ experiment: spec, ...config }));
  return file;
}

async function readLatest(folder: string): Promise<Night> {
  return JSON.parse(await readFile(join(folder, 'history', 'latest', 'verdict.json'), 'utf8')) as Night;
}

t.test('nights one after the other', async (t) => {
  const folder = t.testdir();
  const file = await writeConfig(folder, small, { notes: ['At night.'] });
  const summary = join(folder, 'step-summary.md');
  process.env['GITHUB_STEP_SUMMARY'] = summary;
  t.teardown(() => delete process.env['GITHUB_STEP_SUMMARY']);

  const first = await callLowbit(t, ['nightly', file]);
  t.equal(first.status, 0, first.stderr);
  t.match(first.stdout, /nothing to compare them with yet/);
  t.match(await readLatest(folder), {
    computed: 2,
    reused: 0,
    alarm: false,
    missingBaseline: /no night is the baseline/,
  });
  t.match(await readFile(summary, 'utf8'), /first night/);

  const second = await callLowbit(t, ['nightly', file, '--json']);
  t.equal(second.status, 0, second.stderr);
  const night = JSON.parse(second.stdout) as Night;
  t.match(night, { computed: 0, reused: 2, counts: { worse: 0 } });
  t.ok(night.againstLast?.rows.every(({ verdict, test }) => verdict === 'same' && test === 'digest'));
  t.match(night.series[0], { points: { length: 2, 1: { verdict: 'same' } } });

  const accepted = await callLowbit(t, ['nightly', file, '--accept']);
  t.equal(accepted.stdout, `The baseline 'main' is now ${night.run.name}.\n`);

  const changed = { ...small, recipes: ['float', { name: 'rtn', recipe: 'rtn(bits=2)' }] };
  const third = await callLowbit(t, ['nightly', await writeConfig(folder, changed)]);
  t.equal(third.status, 1, 'two bits are worse than three');
  t.match(third.stdout, /▼ worse +stories260k +rtn +tinystories +perplexity/);
  const worse = await readLatest(folder);
  t.match(worse, { computed: 1, reused: 1, alarm: true, againstBaseline: { before: { name: night.run.name } } });
  t.ok(worse.againstLast?.changes.some(({ of }) => of === 'rtn'));
  t.ok((worse.againstLast?.layers.length ?? 0) > 0);

  const fourth = await callLowbit(t, ['nightly', file]);
  t.equal(fourth.status, 1, 'no better than last night: the baseline is not forgotten');
  t.match(await readLatest(folder), { computed: 0, counts: { worse: worse.counts.worse } });
  await callLowbit(t, ['nightly', file, '--accept']);
  t.equal((await callLowbit(t, ['nightly', file])).status, 0, 'accepted');

  const nights = await readdir(join(folder, 'history', 'runs'));
  t.equal(nights.length, 5);
  const files = ['night.html', 'report.html', 'report.csv', 'summary.md', 'junit.xml', 'verdict.json', 'manifest.json'];
  for (const name of nights) t.has(new Set(await readdir(join(folder, 'history', 'runs', name))), new Set(files));
  t.match(await readFile(join(folder, 'history', 'latest', 'index.html'), 'utf8'), nights.sort().at(-1));
  t.match(
    await readFile(join(folder, 'history', 'runs', nights.sort().at(-1) ?? '', 'report.md'), 'utf8'),
    /In-sample/,
  );
  t.equal([...(await readFile(summary, 'utf8')).matchAll(/^## /gm)].length, 5, 'a part for each night');
});

t.test('what fails in the first night is in every file of it', async (t) => {
  const folder = t.testdir();
  const file = await writeConfig(folder, small);
  process.env['LOWBIT_TEST_CRASH'] = '1:exit:9';
  t.teardown(() => delete process.env['LOWBIT_TEST_CRASH']);
  const { status, stdout } = await callLowbit(t, ['nightly', file]);
  t.equal(status, 3);
  const { counts, failed = [], run } = await readLatest(folder);
  t.ok(counts.failed > 0);
  t.equal(failed.length, counts.failed);
  const read = (name: string): Promise<string> => readFile(join(folder, 'history', 'runs', run.name, name), 'utf8');
  t.match(await read('junit.xml'), new RegExp(`errors="${counts.failed}"`));
  for (const text of [stdout, await read('summary.md'), await read('night.html')])
    t.match(text, failed[0]?.reason?.slice(0, 40), 'says why');
});

t.test('a cell that fails: newly it alarms, after that it is known', async (t) => {
  const folder = t.testdir();
  const file = await writeConfig(folder, small);
  t.equal((await callLowbit(t, ['nightly', file])).status, 0);
  process.env['LOWBIT_TEST_CRASH'] = '1:exit:9';
  t.teardown(() => delete process.env['LOWBIT_TEST_CRASH']);
  const changed = { ...small, recipes: ['float', { name: 'rtn', recipe: 'rtn(bits=4)' }] };
  await writeConfig(folder, changed);
  const failed = await callLowbit(t, ['nightly', file]);
  t.equal(failed.status, 1);
  t.match(await readLatest(folder), { alarm: true, counts: { failed: 6 } });
  t.equal((await callLowbit(t, ['nightly', file])).status, 3, 'failed before as well');
  t.match(await readLatest(folder), { alarm: false, againstLast: { rows: Array } });
  delete process.env['LOWBIT_TEST_CRASH'];
  t.equal((await callLowbit(t, ['nightly', file])).status, 0, 'failed cells get another chance');
  t.match(await readLatest(folder), { computed: 1, counts: { failed: 0 } });
});

t.test('measured: trials are kept, a wish that fits no cell is refused', async (t) => {
  const folder = t.testdir();
  const measure = [{ recipe: 'rtn' }];
  const two = { ...small, tasks: experiment.tasks };
  // Other tests compute meanwhile: what is judged is no part of this one.
  const file = await writeConfig(folder, two, { measure, trials: 2, crowding: 1 });
  const { status, stderr } = await callLowbit(t, ['nightly', file]);
  t.equal(status, 0, stderr);
  const night = await readLatest(folder);
  const measured = night.series.filter((series) => series.measured);
  t.same(
    measured.map(({ task, metric }) => `${task} ${metric}`),
    [
      ...['quantize quantizeSeconds', 'quantize peakMemory'],
      ...['tinystories scoreSeconds', 'tinystories tokenRate', 'tinystories peakMemory'],
      ...['story_continuation scoreSeconds', 'story_continuation tokenRate', 'story_continuation peakMemory'],
    ],
  );
  const text = await readFile(join(folder, 'history', 'runs', night.run.name, 'measurements.json'), 'utf8');
  for (const figure of JSON.parse(text).figures) t.equal(figure.trials.length, 2, figure.metric);
  const none = await callLowbit(t, ['nightly', await writeConfig(folder, small, { measure: [{ recipe: 'rtm' }] })]);
  t.equal(none.status, 2);
  t.match(none.stderr, /EXPERIMENT_OPTION.*"rtm".*fits none/);
});

t.test('what cannot be measured alarms once, and is said after that', async (t) => {
  const folder = t.testdir();
  const file = await writeConfig(folder, small);
  t.equal((await callLowbit(t, ['nightly', file])).status, 0);
  // Cells are there already: the first of the measuring process dies.
  process.env['LOWBIT_TEST_CRASH'] = '0:exit:9';
  t.teardown(() => delete process.env['LOWBIT_TEST_CRASH']);
  await writeConfig(folder, small, { measure: [{ recipe: 'rtn' }], trials: 1, crowding: 1 });
  const newly = await callLowbit(t, ['nightly', file]);
  t.equal(newly.status, 1, newly.stderr);
  t.match(newly.stderr, /rtn on tinystories was not measured: Expected a worker to finish/);
  const row = { recipe: 'rtn', task: 'tinystories', verdict: 'failed', measured: true };
  t.has(
    (await readLatest(folder)).againstLast?.rows.find(({ measured }) => measured),
    row,
  );
  const again = await callLowbit(t, ['nightly', file]);
  t.equal(again.status, 3, 'failed before as well');
  t.match(again.stdout, /failed before as well/);
});

t.test('nights that cannot be read, and a baseline that is gone, are said', async (t) => {
  const folder = t.testdir();
  const file = await writeConfig(folder, small);
  await callLowbit(t, ['nightly', file]);
  await callLowbit(t, ['nightly', file, '--accept']);
  const [first = ''] = await readdir(join(folder, 'history', 'runs'));
  await writeFile(join(folder, 'history', 'runs', first, 'manifest.json'), '{"half":');
  const { status, stderr } = await callLowbit(t, ['nightly', file]);
  t.equal(status, 0, stderr);
  t.match(stderr, new RegExp(`Left out: .*${first}`));
  t.match(await readLatest(folder), { missingBaseline: new RegExp(`${first}.*cannot be read`), alarm: false });
  await rm(join(folder, 'history', 'runs', first), { recursive: true });
  await callLowbit(t, ['nightly', file]);
  const night = await readLatest(folder);
  t.match(night, { missingBaseline: /not in the history/, againstBaseline: undefined });
  t.ok(night.againstLast);
});

t.test('bad input', async (t) => {
  const folder = t.testdir({
    'nightly.json': '{',
    'other.json': '{"experiment": "absent.json"}',
    'key.json': '{"experimen": 1}',
  });
  for (const [name, message] of [
    ['nightly.json', /EXPERIMENT_FILE.*a nightly file that loads/],
    ['absent.json', /EXPERIMENT_FILE.*a nightly file at/],
    ['other.json', /EXPERIMENT_FILE.*an experiment file at .*absent\.json/],
    ['key.json', /EXPERIMENT_OPTION.*'experiment' of/],
  ] as const) {
    const { status, stderr } = await callLowbit(t, ['nightly', join(folder, name)]);
    t.equal(status, 2);
    t.match(stderr, message);
  }
  const module = `import { defineNightly } from 'lowbit'; export default defineNightly({ experiment: ${JSON.stringify(small)} });`;
  await writeFile(join(folder, 'nightly.ts'), module);
  for (const file of [await writeConfig(folder, small), join(folder, 'nightly.ts')]) {
    const none = await callLowbit(t, ['nightly', file, '--accept']);
    t.equal(none.status, 2);
    t.match(none.stderr, /NIGHT_MISSING/, 'the file was read');
  }
});

t.test('a history that another process has', async (t) => {
  const folder = t.testdir({ history: { 'nightly.lock': '{"pid":1,"host":"elsewhere","started":"1"}' } });
  const { status, stderr } = await callLowbit(t, ['nightly', await writeConfig(folder, small), '--no-wait']);
  t.equal(status, 2);
  t.match(stderr, /RUN_LOCKED/);
});
