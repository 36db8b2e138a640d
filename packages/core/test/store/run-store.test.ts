import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findRuns, lockRun, readRun, readRuns, readSamples, RunStore, writeAtomic } from '@lowbit/core';
import type { CellResult, Manifest } from '@lowbit/core';

const digest = 'a'.repeat(64);
const key = { digest, model: 'm', recipe: 'r', task: 't' };
const row = {
  model: 'm',
  recipe: 'r',
  task: 't',
  metric: 'acc',
  protocol: undefined,
  value: 0.5,
  stderr: 0.1,
  n: 4,
  higherIsBetter: true,
  bitsPerWeight: 4,
  seconds: 1,
};
const cell: CellResult = {
  formatVersion: 1,
  ...key,
  status: 'done',
  rows: [row],
  counts: { documents: 4, tokens: 9, computedTokens: 8, tokenSha256: 'x' },
  layers: [],
  seconds: { quantize: 0, load: 0, score: 1 },
  peakMemoryBytes: 1,
};
const manifest: Manifest = {
  ...{
    formatVersion: 1,
    name: 'run',
    title: 'run',
    notes: [],
    created: 'now',
    planDigest: 'p',
    models: [],
    recipes: [],
    tasks: [],
  },
  calibration: undefined,
  environment: {} as Manifest['environment'],
  cells: [key],
};

t.test('what is written is read, under the names of the plan', async (t) => {
  const folder = join(t.testdir(), 'new');
  const store = await RunStore.open(folder);
  await store.writeManifest({ ...manifest, cells: [{ ...key, recipe: 'renamed' }] });
  t.same((await readRun(folder)).cells, [], 'a planned cell without a result is not there');
  await store.writeCell(cell, '{}\n');
  const { cells } = await readRun(folder);
  t.match(cells, [{ digest, recipe: 'renamed', rows: [{ recipe: 'renamed', value: 0.5 }] }]);
  t.equal(await readSamples(folder, digest), '{}\n');
  t.equal(await readSamples(folder, 'b'), undefined);
  await store.close();
  t.notOk((await readdir(folder)).includes('run.lock'));
});

t.test('an atomic write leaves the old file or the new one', async (t) => {
  const path = join(t.testdir({ file: 'old' }), 'file');
  await writeAtomic(path, 'new');
  t.equal(await readFile(path, 'utf8'), 'new');
  await mkdir(`${path}.tmp`);
  await t.rejects(writeAtomic(path, 'third'), 'the part cannot be written');
  t.equal(await readFile(path, 'utf8'), 'new');
});

t.test('leftovers of a killed writer are removed at the next start', async (t) => {
  const folder = t.testdir({
    'manifest.json.tmp': '{',
    cells: { [`${digest}.json.tmp`]: '{' },
    artifacts: { [`${digest}.part`]: { 'block-00000': '' }, [digest]: { 'lowbit.json': '{}' } },
    work: { 'states-embedding': '' },
  });
  const store = await RunStore.open(folder);
  t.same(await readdir(join(folder, 'cells')), []);
  t.same(await readdir(join(folder, 'artifacts')), [digest]);
  t.same((await readdir(folder)).sort(), ['artifacts', 'cells', 'run.lock', 'samples']);
  await store.close();
});

t.test('a half or foreign file is RUN_UNREADABLE and named', async (t) => {
  const folder = t.testdir({ 'manifest.json': JSON.stringify(manifest), cells: {} });
  const path = join(folder, 'cells', `${digest}.json`);
  for (const text of [
    '{"formatVersion": 1',
    '[]',
    JSON.stringify({ ...cell, formatVersion: 2 }),
    JSON.stringify({ ...cell, digest: 'b' }),
  ]) {
    await writeFile(path, text);
    await t.rejects(readRun(folder), { code: 'RUN_UNREADABLE', message: new RegExp(digest) }, text.slice(0, 20));
  }
  await writeFile(join(folder, 'manifest.json'), '{"formatVersion":1}');
  await t.rejects(readRun(folder), { code: 'RUN_UNREADABLE', message: /manifest\.json/ });
  await t.rejects(readRun(join(folder, 'absent')), { code: 'RUN_UNREADABLE', message: /found none/ });
});

t.test('a newer version and one that never was are refused by name', async (t) => {
  const folder = t.testdir({ 'manifest.json': JSON.stringify({ ...manifest, formatVersion: 2 }), cells: {} });
  await t.rejects(readRun(folder), { code: 'RUN_UNREADABLE', message: /version 1 or before, got 2; .*newer Lowbit/ });
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, formatVersion: 0 }));
  await t.rejects(readRun(folder), { code: 'RUN_UNREADABLE', message: /got 0, which no Lowbit wrote/ });
  await writeFile(join(folder, 'manifest.json'), '[]');
  await t.rejects(readRun(folder), { code: 'RUN_UNREADABLE', message: /no format version/ });
});

t.test('what earlier writers left out is completed where its meaning is certain', async (t) => {
  const task = { name: 't', version: '1', description: '', source: '', limit: undefined, files: [] };
  const metrics = [{ name: 'acc', higherIsBetter: true }];
  const folder = t.testdir({
    'manifest.json': JSON.stringify({ ...manifest, tasks: [{ ...task, metrics }] }),
    cells: { [`${digest}.json`]: JSON.stringify(cell) },
  });
  const old = await readRun(folder);
  t.match(old.cells[0]?.rows[0], { precision: 'simulated', fewShot: 0 });
  t.equal(old.manifest.tasks[0]?.fewShot, 0);
  const write = (value: object) => writeFile(join(folder, 'cells', `${digest}.json`), JSON.stringify(value));
  await write({ ...cell, rows: [{ ...row, metric: 'perplexity' }] });
  t.strictSame((await readRun(folder)).cells[0]?.rows[0]?.fewShot, undefined, 'nothing is asked');
  await write({ ...cell, rows: [{ ...row, precision: 'executed', fewShot: 5 }] });
  t.match((await readRun(folder)).cells[0]?.rows[0], { precision: 'executed', fewShot: 5 });
  await write({ ...cell, origin: { tool: 'lm-evaluation-harness', version: '1', task: 't', folder: 'f' } });
  t.strictSame((await readRun(folder)).cells[0]?.rows[0]?.precision, undefined, 'another tool says what it says');
});

t.test('runs below a folder: what cannot be read is named, the rest is read', async (t) => {
  const other = 'b'.repeat(64);
  const file = (name: string) => ({
    'manifest.json': JSON.stringify({ ...manifest, name, cells: [key, { ...key, digest: other }] }),
    cells: { [`${digest}.json`]: JSON.stringify(cell), [`${other}.json`]: '{"formatVersion":1' },
  });
  const folder = t.testdir({
    night: {
      runs: { two: file('two'), one: file('one'), 'not-a-run': { 'manifest.json': '{}' } },
      store: file('store'),
      work: { three: file('three') },
    },
    broken: { 'manifest.json': '{', cells: {} },
    '.hidden': { run: file('hidden') },
    site: { 'index.html': '' },
  });
  const found = await findRuns([folder, join(folder, 'night')]);
  t.strictSame(
    found,
    ['broken', 'night/runs/one', 'night/runs/two'].map((name) => join(folder, name)),
  );
  const { runs, leftOut } = await readRuns(found);
  t.strictSame(
    runs.map(({ manifest: { name }, cells }) => [name, cells.map((each) => each.digest)]),
    [
      ['one', [digest]],
      ['two', [digest]],
    ],
  );
  t.match(leftOut, [
    { folder: join(folder, 'broken'), reason: /broken.manifest\.json to be a file of a run/, cell: undefined },
    { folder: join(folder, 'night/runs/one'), reason: new RegExp(other), cell: { digest: other } },
    { folder: join(folder, 'night/runs/two'), cell: { digest: other } },
  ]);
  t.strictSame(await findRuns([join(folder, 'night/runs/one')]), [join(folder, 'night/runs/one')]);
  await t.rejects(findRuns([join(folder, 'absent')]), { code: 'RUN_UNREADABLE', message: /found none/ });
});

t.test('one writer: the lock of a living process holds, that of a dead one does not', async (t) => {
  const path = join(t.testdir(), 'run.lock');
  const release = await lockRun(path, 0);
  await t.rejects(lockRun(path, 0), { code: 'RUN_LOCKED', message: new RegExp(`process ${process.pid}`) });
  await release();
  const stale = { pid: 2 ** 22 + 1, host: hostname(), started: '1' };
  for (const text of [JSON.stringify(stale), '{"pid":', JSON.stringify({ ...stale, pid: process.pid })]) {
    await writeFile(path, text);
    await (
      await lockRun(path, 0)
    )();
  }
  await writeFile(path, JSON.stringify({ ...stale, host: 'elsewhere' }));
  await t.rejects(lockRun(path, 0), { code: 'RUN_LOCKED' }, 'a process on another host cannot be asked');
});
