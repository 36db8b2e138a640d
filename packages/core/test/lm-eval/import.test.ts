import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  compareRun,
  exportHarnessFiles,
  importHarnessRun,
  loadKernels,
  readRun,
  type ImportOptions,
} from '@lowbit/core';
import t, { type Test } from 'tap';
import { date, harnessFiles } from './harness-files.js';

const kernels = await loadKernels();

async function runImport(
  folder: string,
  paths: readonly string[],
  options: Partial<ImportOptions> = {},
): ReturnType<typeof readRun> {
  const run = join(folder, 'run');
  await importHarnessRun({
    paths: paths.map((path) => join(folder, path)),
    folder: run,
    name: 'run',
    kernels,
    ...options,
  });
  return readRun(run);
}

await t.test('figures, standard errors, filters and examples come over', async (t) => {
  const { manifest, cells } = await runImport(t.testdir({ a: { org__model: harnessFiles() } }), ['a']);
  t.strictSame(
    cells.flatMap((cell) => cell.rows.map(({ task, metric, value, stderr, n }) => [task, metric, value, stderr, n])),
    [
      ['piqa', 'acc', 0.75, 0.25, 4],
      ['gsm8k (5-shot)', 'exactMatch,strict-match', 0.5, 0.5, 2],
      ['gsm8k (5-shot)', 'exactMatch,flexible-extract', 1, 0, 2],
      ['wikitext', 'wordPerplexity', Math.exp(3), undefined, 2],
    ],
  );
  t.match(manifest, { models: [{ name: 'org/model', parameters: 1000 }], recipes: [{ name: 'hf(dtype=float32)' }] });
  t.match(cells[0]?.origin, { version: '0.4.13', task: 'piqa' });
  t.match(manifest.notes.join('\n'), /piqa by_kind,none is left out, it is no number/);
});

await t.test('two models are compared on their documents, and refused on different prompts', async (t) => {
  const quantized = { modelArguments: 'pretrained=org/quantized', right: [0, 0, 0, 1] };
  const folder = t.testdir({
    a: harnessFiles(),
    b: harnessFiles(quantized),
    c: harnessFiles({ modelArguments: 'pretrained=org/other', promptHash: 'another' }),
  });
  const run = await runImport(folder, ['a', 'b', 'c'], { model: 'm', float: 'hf(pretrained=org/model,dtype=float32)' });
  const { pairs, intervals } = await compareRun(join(folder, 'run'), run);
  const pair = (task: string, metric: string, recipe: string) =>
    pairs.find(
      (each) => each.task === task && each.metric === metric && each.recipe.includes(recipe) && each.isBaseline,
    );
  // Two documents of four change sides, both for the worse: 2 * 0.5^2.
  t.match(pair('piqa', 'acc', 'quantized')?.result, { test: 'mcnemar', difference: -0.5, p: 0.5, discordant: [0, 2] });
  t.match(pair('gsm8k (5-shot)', 'exactMatch,strict-match', 'quantized')?.result, { test: 'mcnemar', difference: 0 });
  t.match(pair('wikitext', 'wordPerplexity', 'quantized')?.result, { test: 'bootstrap', scale: 'relative' });
  t.equal(pair('piqa', 'acc', 'other')?.reason, 'different prompts were scored');
  t.ok(intervals.some(({ metric, value }) => metric === 'wordPerplexity' && Math.abs(value - Math.exp(3)) < 1e-12));
});

await t.test('the files go out as they came', async (t) => {
  const files = harnessFiles();
  const folder = t.testdir({ a: files });
  await runImport(folder, ['a']);
  const { folders } = await exportHarnessFiles(join(folder, 'run'), join(folder, 'out'));
  t.equal(folders.length, 1);
  for (const [name, text] of Object.entries(files))
    t.equal(await readFile(join(folders[0] as string, name), 'utf8'), text, name);
});

/** Nothing is half read: the error names the file, and no run is left. */
async function refuses(
  t: Test,
  spoil: (files: Record<string, string>) => Record<string, string>,
  expected: { code?: string; message: RegExp },
): Promise<void> {
  const folder = t.testdir({ a: spoil(harnessFiles()), b: harnessFiles() });
  await t.rejects(runImport(folder, ['a']), { code: 'IMPORT_UNREADABLE', ...expected });
  await t.rejects(readFile(join(folder, 'run', 'manifest.json')), { code: 'ENOENT' });
}

const results = `results_${date}.json`;
const samples = `samples_piqa_${date}.jsonl`;
const change =
  (name: string, edit: (text: string) => string) =>
  (files: Record<string, string>): Record<string, string> => ({ ...files, [name]: edit(files[name] ?? '') });

await t.test('a results file cut short', (t) =>
  refuses(
    t,
    change(results, (text) => text.slice(0, 900)),
    { message: /results_.*not whole JSON/ },
  ),
);
await t.test('samples cut in a line', (t) =>
  refuses(
    t,
    change(samples, (text) => text.slice(0, -20)),
    { message: /samples_piqa.*line 4 is not whole JSON/ },
  ),
);
await t.test('samples cut after a line', (t) =>
  refuses(
    t,
    change(samples, (text) => `${text.split('\n').slice(0, 3).join('\n')}\n`),
    {
      message: /samples_piqa.*holds 3 of 4 documents/,
    },
  ),
);
await t.test('a document twice', (t) =>
  refuses(
    t,
    change(samples, (text) => text + text),
    { message: /line 5 is document 0 a second time/ },
  ),
);
await t.test('a line without its metric', (t) =>
  refuses(
    t,
    change(samples, (text) => text.replace('"acc":1', '"acd":1')),
    { message: /line 1 has no acc/ },
  ),
);
await t.test('a filter that is missing for a document', (t) =>
  refuses(
    t,
    change(`samples_gsm8k_${date}.jsonl`, (text) => `${text.split('\n').slice(0, 3).join('\n')}\n`),
    {
      message: /samples_gsm8k.*holds 1 of 2 documents/,
    },
  ),
);
await t.test('a document too many, of one filter alone', (t) =>
  refuses(
    t,
    change(`samples_gsm8k_${date}.jsonl`, (text) => text + text.split('\n')[0]?.replace('"doc_id":0', '"doc_id":7')),
    { message: /samples_gsm8k.*has 3 documents in place of 2/ },
  ),
);
await t.test('a task without results', (t) =>
  refuses(
    t,
    change(results, (text) => text.replace('"wikitext": {\n      "alias"', '"wikitex": {\n      "alias"')),
    {
      message: /results lacks wikitext/,
    },
  ),
);
await t.test('metrics as before 0.4', (t) =>
  refuses(
    t,
    change(results, (text) => text.replaceAll(',none"', '"')),
    { message: /not named metric,filter/ },
  ),
);
await t.test('a field of later versions missing', (t) =>
  refuses(
    t,
    change(results, (text) => text.replace('"n-shot"', '"shots"')),
    { message: /n-shot/ },
  ),
);
await t.test('samples without results', (t) =>
  refuses(t, ({ [results]: _, ...rest }) => rest, { message: /samples_.*no results file beside it/ }),
);

await t.test('what contradicts', async (t) => {
  const folder = t.testdir({ a: harnessFiles(), b: harnessFiles(), c: harnessFiles({ version: 2 }), d: {} });
  await t.rejects(runImport(folder, ['a', 'b']), { code: 'IMPORT_CONFLICT', message: /one result of piqa/ });
  await t.rejects(runImport(folder, ['d']), { code: 'IMPORT_CONFLICT', message: /found none/ });
  await t.rejects(runImport(folder, ['a'], { float: 'nf4' }), {
    code: 'IMPORT_CONFLICT',
    message: /hf\(dtype=float32\)/,
  });
  const other = harnessFiles({ version: 2, modelArguments: 'pretrained=org/model,dtype=float16' });
  for (const [name, text] of Object.entries(other)) await writeFile(join(folder, 'c', name), text);
  await t.rejects(runImport(folder, ['a', 'c']), { code: 'IMPORT_CONFLICT', message: /one definition of piqa/ });
});

await t.test('other numbers of examples are other tasks', async (t) => {
  const other = harnessFiles({ shots: 5, modelArguments: 'pretrained=org/model,dtype=float16' });
  const { manifest } = await runImport(t.testdir({ a: harnessFiles(), b: other }), ['a', 'b']);
  t.strictSame(
    manifest.tasks.map(({ name }) => name),
    ['piqa', 'gsm8k (5-shot)', 'wikitext', 'piqa (5-shot)'],
  );
});
