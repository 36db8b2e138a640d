import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readRun } from '@lowbit/core';
import { stripMeasurements, type RunFigures } from '@lowbit/reports';
import { callLowbit } from './call-lowbit.js';
import { experiment, runLowbit } from './run-lowbit.js';

t.setTimeout(120_000);

t.test('an experiment from end to end, grown, again, and reported elsewhere', async (t) => {
  const smaller = { ...experiment, recipes: ['float'] };
  const folder = t.testdir({
    'small.json': JSON.stringify(smaller),
    'whole.mjs': `export default ${JSON.stringify(experiment)};`,
  });
  const run = join(folder, 'run');
  t.equal((await callLowbit(t, ['run', join(folder, 'small.json'), '-o', run])).status, 0);
  const kept = await cellTimes(run);
  t.equal(Object.keys(kept).length, 2);

  const args = ['run', join(folder, 'whole.mjs'), '-o', run];
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
  t.equal(Object.keys(times).length, 6);
  t.match(times, kept, 'what was there is kept');

  const again = await callLowbit(t, args);
  t.equal(again.status, 0);
  t.equal(again.stdout, first.stdout);
  t.same(await cellTimes(run), times, 'no cell was computed again');

  const figures = JSON.parse((await callLowbit(t, [...args, '--json'])).stdout) as RunFigures;
  const distances = figures.rows.filter(({ metric }) => /^(kl|top1|flips|target)/.test(metric));
  t.equal(distances.length, 2 * (5 + 2), 'two recipes, distances of a perplexity and of a choice');
  t.equal(figures.rows.length - distances.length, 9, 'three recipes, three metrics');
  const { pairs = [] } = figures.comparisons ?? {};
  t.equal(pairs.length, 9, 'three pairs, three metrics');
  t.ok(pairs.every(({ result, reason }) => result !== undefined && reason === undefined));
  const worse = pairs.find(({ recipe, task, isBaseline }) => recipe === 'gptq' && task === 'tinystories' && isBaseline);
  const ratio = value('gptq') / value('float') - 1;
  t.ok(Math.abs((worse?.result?.difference ?? 0) - ratio) < 1e-9, 'from the samples the difference of the figures');

  const elsewhere = join(folder, 'elsewhere');
  t.equal((await callLowbit(t, ['report', run, '-o', elsewhere, '--format', 'csv,html'])).status, 0);
  t.same((await readdir(elsewhere)).sort(), ['comparisons.csv', 'recipes', 'report.csv', 'report.html']);
  const read = async (path: string): Promise<string> =>
    stripMeasurements({ file: 'report.csv', content: await readFile(join(path, 'report.csv'), 'utf8') });
  t.equal(await read(elsewhere), await read(run));

  const pages = () => readdir(join(elsewhere, 'recipes'));
  t.same((await pages()).sort(), ['float.html', 'gptq.html', 'rtn.html']);
  await writeFile(join(elsewhere, 'recipes', 'mine.html'), 'not of the report');
  const stored = join(run, 'manifest.json');
  await writeFile(
    stored,
    (await readFile(stored, 'utf8')).replace(/"(name|recipe)": "gptq"(?!,\n +"description)/g, '"$1": "other"'),
  );
  t.equal((await callLowbit(t, ['report', run, '-o', elsewhere, '--format', 'csv'])).status, 0);
  t.ok((await pages()).includes('gptq.html'), 'the page of a report that is not written again stays');
  t.equal((await callLowbit(t, ['report', run, '-o', elsewhere, '--format', 'html'])).status, 0);
  t.same(
    (await pages()).sort(),
    ['float.html', 'mine.html', 'other.html', 'rtn.html'],
    'a renamed recipe has one page',
  );
});

async function cellTimes(run: string): Promise<Record<string, number>> {
  const names = await readdir(join(run, 'cells'));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(join(run, 'cells', name))).mtimeMs] as const)),
  );
}
