import { buildResultTables, renderReport, summarise, type DoneEntry, type RunData } from '@lowbit/reports';
import t from 'tap';
import { makeComparedRun } from './fixtures/compared.js';
import { parseCsv } from './fixtures/parse-csv.js';
import { renderOne } from './fixtures/render.js';

const run = await makeComparedRun({
  float: [0, 0],
  'gptq-w4-g64': [3, 0.0001],
  'rtn-w4-g64': [6, 0.05],
  'gptq-w3-g64': [40, 0.2],
  'rtn-w3-g64': [90, 0.6],
});

function entryOf(of: RunData, recipe: string, position: number): DoneEntry {
  const entry = buildResultTables(of)[0]?.rows.find((row) => row.recipe === recipe)?.entries[position];
  if (entry?.status !== 'done') throw new Error(`no figure of ${recipe}`);
  return entry;
}

t.test('what is told from float, and what ties for best', async (t) => {
  t.match(entryOf(run, 'gptq-w4-g64', 0), { isDistinct: false, isBest: true, tiesForBest: false });
  t.match(entryOf(run, 'rtn-w4-g64', 0), { isDistinct: true, tiesForBest: false }, '0.05 nats of 0.01 is much');
  // 2 and 4 answers of 300: p 0.5 and 0.125.
  t.match(entryOf(run, 'gptq-w4-g64', 1), { isDistinct: false, isBest: true });
  t.match(entryOf(run, 'rtn-w4-g64', 1), { isDistinct: false, isBest: false, tiesForBest: true });
  t.match(entryOf(run, 'rtn-w3-g64', 1), { isDistinct: true, tiesForBest: false });
  t.equal(entryOf(run, 'float', 0).pair, undefined);
  // A standard error of a tenth hides it from figures taken as independent.
  t.equal(entryOf({ ...run, comparisons: undefined }, 'rtn-w4-g64', 0).isDistinct, undefined);
  t.match(summarise(buildResultTables(run)[0] ?? t.fail()), 'rtn-w4-g64 has 21');
  t.notMatch(buildResultTables(run).map(summarise).join(''), 'within two standard errors');
});

t.test('the page marks them and says level and correction', async (t) => {
  const html = await renderOne(run, 'html');
  t.match(html, 'at 5 %, Holm&#x27;s correction over the 50 comparisons of the table');
  t.match(html, /<b>[\d.]+<\/b>[^\n]*≈ [^\n]*not told apart by the paired test/);
  t.match(html, 'ties for best at 4 bits');
  t.match(html, /title="[^"]*exact McNemar, 0 against 2 documents"/);
  t.match(html, /<summary><b>50 comparisons<\/b>/);
  const plain = await renderOne({ ...run, comparisons: undefined }, 'html');
  t.notMatch(plain, /Holm|≈|class="pairs"/);
  t.match(await renderOne(run, 'md'), /\*\*[\d.]+\*\* ± [\d.]+ \(≈ [^)]+\)/);
});

t.test('CSV and JSON have every pair with its numbers', async (t) => {
  const files = await renderReport(run, ['csv', 'json']);
  t.same(
    files.map(({ file }) => file),
    ['report.csv', 'report.json', 'comparisons.csv'],
  );
  const pairs = parseCsv(files[2]?.content ?? '');
  t.equal(pairs.length, 50, '10 pairs on 5 metrics');
  const pair = pairs.find(
    ({ task, metric, recipe, against }) => `${task} ${metric} ${recipe} ${against}` === 'piqa acc rtn-w3-g64 float',
  );
  t.match(pair, { isBaseline: 'true', test: 'mcnemar', aheadDocuments: '0', behindDocuments: '60', distinct: 'true' });
  t.ok(Math.abs(Number(pair?.['difference']) + 0.2) < 1e-12 && Number(pair?.['high']) < 0);
  const rows = parseCsv(files[0]?.content ?? '');
  const row = rows.find(({ task, metric, recipe }) => `${task} ${metric} ${recipe}` === 'piqa acc rtn-w4-g64');
  t.match(row, { best: 'tie', distinctFromFloat: 'false', floatTest: 'mcnemar' });
  const json = JSON.parse(files[1]?.content ?? '') as { runs: { rows: unknown[]; comparisons: unknown }[] };
  t.same(json.runs[0]?.comparisons, JSON.parse(JSON.stringify(run.comparisons)));
});

t.test('pairs that were not compared are counted in a note', async (t) => {
  const comparisons = structuredClone(run.comparisons);
  for (const pair of comparisons?.pairs ?? [])
    if (pair.task === 'piqa') Object.assign(pair, { result: undefined, reason: 'different token ids were scored' });
  t.match(
    await renderOne({ ...run, comparisons }, 'md'),
    '- 20 comparisons were not made on piqa of tiny-llama: different token ids were scored.',
  );
});
