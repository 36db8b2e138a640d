import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareRun, readRun, readSamples } from '@lowbit/core';
import { stripMeasurements } from '@lowbit/reports';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { model, runLowbit } from './run-lowbit.js';

t.setTimeout(120_000);

const rows = ['What is 1 + 1?', 'What is 2 + 2?', 'What is 3 + 3?'].map((question, i) => ({
  question,
  answer: `It is.\n#### ${2 * i + 2}`,
}));
const tasks = ['gsm8k', 'retrieval', 'bench_decode'];
const recipes = ['float', 'rtn(bits=3)'];

/** An experiment over the embedded model with data of its own. */
async function layOut(folder: string): Promise<string> {
  await mkdir(join(folder, 'gsm8k'));
  await writeFile(join(folder, 'gsm8k', 'test.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  const file = join(folder, 'experiment.json');
  const spec = { name: 'writing', models: [model], recipes, tasks, limit: 2, fewShot: 0, data: folder };
  await writeFile(file, JSON.stringify(spec));
  return file;
}

await t.test('texts and measurements, from the command line to the report', async (t) => {
  const folder = t.testdir();
  const file = await layOut(folder);
  const run = join(folder, 'run');
  const first = await runLowbit(['run', file, '-o', run]);
  t.equal(first.status, 0, first.stderr);
  const before = await readRun(run);
  const cellOf = ({ cells }: typeof before, recipe: string, task: string) =>
    cells.find((cell) => cell.recipe === recipe && cell.task === task);

  // The data's first two documents; of the retrieval task those that 512 tokens of context hold.
  t.match(cellOf(before, 'float', 'gsm8k')?.rows, [
    { metric: 'exactMatch,strict-match', n: 2, fewShot: 0 },
    { metric: 'exactMatch,flexible-extract', n: 2 },
  ]);
  t.match(cellOf(before, 'float', 'retrieval'), { rows: [{ metric: 'acc', n: 4 }], counts: { omitted: 8 } });
  t.match(cellOf(before, 'float', 'bench_decode')?.rows, [
    { metric: 'prefillRate', protocol: 'measured/pp384', n: 2 },
    { metric: 'decodeRate', protocol: 'measured/tg128-d384' },
    { metric: 'timeToFirstToken' },
    { metric: 'peakMemory' },
  ]);
  const line = (await readSamples(run, cellOf(before, 'float', 'gsm8k')?.digest ?? ''))?.split('\n')[0] ?? '';
  t.match(JSON.parse(line), { doc_id: 0, resps: [[/\w/]], 'exact_match,strict-match': 0 });

  const { pairs, intervals } = await compareRun(run, before);
  t.strictSame([...new Set([...pairs, ...intervals].map(({ task }) => task))], ['gsm8k', 'retrieval']);
  t.ok(pairs.every(({ result }) => result !== undefined));

  const read = async (): Promise<Map<string, string>> => {
    const names = ['report.html', 'report.csv', 'report.md'];
    return new Map(
      await Promise.all(names.map(async (name) => [name, await readFile(join(run, name), 'utf8')] as const)),
    );
  };
  const strip = (files: Map<string, string>) =>
    [...files].map(([name, content]) => stripMeasurements({ file: name, content }));
  const shown = await read();
  for (const content of shown.values()) t.match(content, /decodeRate/);
  t.match(shown.get('report.md'), /^Measured, float: .*measured\/tg128-d384/m);
  t.match(shown.get('report.md'), /8 documents of retrieval need more context/);

  t.equal((await runLowbit(['run', file, '-o', run])).status, 0);
  t.strictSame((await readRun(run)).cells, before.cells, 'a finished run is left as it is');
  t.equal((await runLowbit(['run', file, '-o', run, '--measure-again'])).status, 0);
  const after = await readRun(run);
  for (const recipe of recipes) {
    t.strictSame(cellOf(after, recipe, 'gsm8k'), cellOf(before, recipe, 'gsm8k'));
    t.not(cellOf(after, recipe, 'bench_decode')?.seconds.score, cellOf(before, recipe, 'bench_decode')?.seconds.score);
  }
  const again = await read();
  t.not(again.get('report.csv'), shown.get('report.csv'));
  t.strictSame(strip(again), strip(shown), 'nothing else of the report moves');
});

await t.test("generated texts go out as the harness's files, a line for each filter, and come back", async (t) => {
  const folder = t.testdir();
  await layOut(folder);
  const [run, files, back] = ['run', 'files', 'back'].map((name) => join(folder, name)) as [string, string, string];
  const asked = ['--tasks', 'gsm8k,retrieval', '--few-shot', '0', '--limit', '2', '--data', folder];
  t.equal((await runLowbit(['eval', model, ...asked, '-o', run, '--json'])).status, 0);
  t.equal((await callLowbit(t, ['export-results', run, '-o', files])).status, 0);
  const [name = ''] = await readdir(files);
  const written = await readdir(join(files, name));
  const samples = written.find((each) => each.startsWith('samples_gsm8k')) ?? '';
  const lines = (await readFile(join(files, name, samples), 'utf8')).trimEnd().split('\n');
  t.match(
    lines.map((each) => JSON.parse(each) as unknown),
    ['strict-match', 'strict-match', 'flexible-extract', 'flexible-extract'].map((filter, i) => ({
      ...{ doc_id: i % 2, filter, metrics: ['exact_match'], exact_match: Number },
      resps: [[String]],
    })),
  );
  const results = written.find((each) => each.startsWith('results_')) ?? '';
  t.match(JSON.parse(await readFile(join(files, name, results), 'utf8')), {
    results: { gsm8k: { 'exact_match,strict-match': Number, 'exact_match,flexible-extract': Number } },
    higher_is_better: { gsm8k: { exact_match: true } },
    versions: { gsm8k: 3 },
  });
  t.equal((await callLowbit(t, ['import', files, '-o', back])).status, 0);
  const [ours, theirs] = [await readRun(run), await readRun(back)];
  for (const cell of ours.cells) {
    const twin = theirs.cells.find(({ task }) => task === cell.task);
    t.match(twin?.rows, cell.rows);
    const [sent, got] = [await readSamples(run, cell.digest), await readSamples(back, twin?.digest ?? '')];
    t.equal(got, sent, `samples of ${cell.task}`);
  }
});

await t.test('what cannot be asked', async (t) => {
  const folder = t.testdir();
  await layOut(folder);
  const missing = await callLowbit(t, ['eval', model, '--tasks', 'gsm8k', '--data', folder, '--limit', '1']);
  t.match(missing, { status: 2, stderr: /TASK_DATA.*gsm8k\/train\.jsonl .*--few-shot 0/s });
});
