import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readRun } from '@lowbit/core';
import { stripMeasurements } from '@lowbit/reports';
import { experiment, runLowbit } from './run-lowbit.js';

t.setTimeout(120_000);

t.test('an experiment from end to end, and again', async (t) => {
  const folder = t.testdir({ 'experiment.json': JSON.stringify(experiment) });
  const run = join(folder, 'run');
  const args = ['run', join(folder, 'experiment.json'), '-o', run];
  const first = await runLowbit(args);
  t.equal(first.status, 0, first.stderr);
  t.match(first.stdout, /bits\/weight +tinystories perplexity +Δ/);
  t.match(first.stdout, /Report: .*report\.html/);
  const { manifest, cells } = await readRun(run);
  t.equal(cells.length, 6);
  t.same(new Set(cells.map(({ status }) => status)), new Set(['done']));
  t.match(manifest, { calibration: { samples: 2, sequenceLength: 64, tokens: 128 }, notes: ['In-sample.'] });
  const value = (recipe: string): number =>
    cells.find((cell) => cell.recipe === recipe && cell.task === 'tinystories')?.rows[0]?.value ?? NaN;
  t.ok(value('float') < value('gptq') && value('float') < value('rtn'), '3 bits cost something');
  t.equal(cells.find(({ recipe }) => recipe === 'gptq')?.layers.length, 35);

  const times = await cellTimes(run);
  const again = await runLowbit(args);
  t.equal(again.status, 0);
  t.equal(again.stdout, first.stdout);
  t.same(await cellTimes(run), times, 'no cell was computed again');

  const elsewhere = join(folder, 'elsewhere');
  t.equal((await runLowbit(['report', run, '-o', elsewhere, '--format', 'csv,html'])).status, 0);
  t.same((await readdir(elsewhere)).sort(), ['report.csv', 'report.html']);
  const read = async (path: string): Promise<string> =>
    stripMeasurements({ file: 'report.csv', content: await readFile(join(path, 'report.csv'), 'utf8') });
  t.equal(await read(elsewhere), await read(run));
});

t.test('what is added is computed, what stays is kept', async (t) => {
  const smaller = { ...experiment, recipes: ['float'] };
  const larger = { ...experiment, recipes: ['float', { name: 'rtn', recipe: 'rtn(bits=3)' }] };
  const folder = t.testdir({ 'a.json': JSON.stringify(smaller), 'b.mjs': `export default ${JSON.stringify(larger)};` });
  const run = join(folder, 'run');
  t.equal((await runLowbit(['run', join(folder, 'a.json'), '-o', run])).status, 0);
  const times = await cellTimes(run);
  t.equal((await runLowbit(['run', join(folder, 'b.mjs'), '-o', run])).status, 0);
  const after = await cellTimes(run);
  t.equal(Object.keys(after).length, 4);
  t.match(after, times);
});

async function cellTimes(run: string): Promise<Record<string, number>> {
  const names = await readdir(join(run, 'cells'));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(join(run, 'cells', name))).mtimeMs] as const)),
  );
}
