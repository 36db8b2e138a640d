import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareRun, readRun, readSamples } from '@lowbit/core';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { model, runLowbit } from './run-lowbit.js';

await t.test('a run goes out as files of lm-evaluation-harness and comes back the same', async (t) => {
  const folder = t.testdir();
  const [run, files, back] = ['run', 'files', 'back'].map((name) => join(folder, name)) as [string, string, string];
  const recipes = ['--recipe', 'float', '--recipe', 'rtn(bits=3)'];
  const tasks = ['--tasks', 'tinystories,story_continuation', '--limit', '4', '--data', model];
  const { status } = await runLowbit(['eval', model, ...recipes, ...tasks, '-o', run, '--json']);
  t.equal(status, 0);

  t.equal((await callLowbit(t, ['export-results', run, '-o', files])).status, 0);
  const imported = await callLowbit(t, ['import', files, '-o', back]);
  t.match(imported, { status: 0, stdout: /2 recipes, 2 tasks, 4 cells/, stderr: '' });

  const [ours, theirs] = [await readRun(run), await readRun(back)];
  const rows = ({ cells }: typeof ours) =>
    cells.flatMap((cell) => cell.rows).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const sortKeys = (list: object[]) => list.map((row) => Object.fromEntries(Object.entries(row).sort()));
  t.strictSame(sortKeys(rows(theirs)), sortKeys(rows(ours)));
  t.strictSame(theirs.manifest.models, ours.manifest.models);
  t.strictSame(theirs.manifest.recipes, ours.manifest.recipes);
  t.strictSame(theirs.manifest.tasks, ours.manifest.tasks);
  const [before, after] = [await compareRun(run, ours), await compareRun(back, theirs)];
  t.ok(before.pairs.some(({ result }) => result !== undefined));
  t.strictSame(after, before);

  // Log-probabilities are texts there, Python's, and come back as the same numbers.
  for (const key of ours.manifest.cells) {
    const twin = theirs.manifest.cells.find((each) => each.recipe === key.recipe && each.task === key.task);
    const lines = [await readSamples(run, key.digest), await readSamples(back, twin?.digest ?? '')];
    const [before, after] = lines.map((text = '') =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    );
    t.equal(before?.length, 4);
    t.match(after, before as object[], `samples of ${key.task}`);
  }

  const [name = ''] = (await readdir(files)).filter((each) => each.endsWith('__float'));
  const [file = ''] = (await readdir(join(files, name))).filter((each) => each.startsWith('results_'));
  const document = JSON.parse(await readFile(join(files, name, file), 'utf8')) as Record<string, unknown>;
  const [samples = ''] = (await readdir(join(files, name))).filter((each) => each.startsWith('samples_story'));
  const [line = ''] = (await readFile(join(files, name, samples), 'utf8')).split('\n');
  t.match(JSON.parse(line), {
    resps: [[[/^-\d+\.\d+$/, /^(True|False)$/]]],
    filter: 'none',
    metrics: ['acc', 'acc_norm'],
  });
  const acc = ours.cells.find(({ recipe, task }) => recipe === 'float' && task === 'story_continuation')?.rows[0];
  t.match(document, {
    results: { story_continuation: { 'acc,none': acc?.value, 'acc_stderr,none': acc?.stderr } },
    'n-samples': { story_continuation: { effective: 4 } },
    higher_is_better: { tinystories: { perplexity: false } },
  });

  const reported = await callLowbit(t, ['report', back, '-o', join(folder, 'report'), '--format', 'html,csv,md,json']);
  t.equal(reported.status, 0);
  const again = join(folder, 'again');
  t.equal((await callLowbit(t, ['export-results', back, '-o', again])).status, 0);
  t.equal(await readFile(join(again, name, file), 'utf8'), await readFile(join(files, name, file), 'utf8'));
});

await t.test('a folder that is in use, or not there', async (t) => {
  const folder = t.testdir({ used: { file: '' } });
  t.match(await callLowbit(t, ['import', folder, '-o', join(folder, 'used')]), { status: 2, stderr: /USAGE/ });
  const missing = await callLowbit(t, ['import', join(folder, 'none'), '-o', join(folder, 'new')]);
  t.match(missing, { status: 2, stderr: /IMPORT_UNREADABLE/ });
});
