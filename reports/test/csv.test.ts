import { guardFormula } from '@lowbit/reports';
import t from 'tap';
import { parseCsv } from './fixtures/parse-csv.js';
import { renderOne } from './fixtures/render.js';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';

t.test('every row of the store comes back with all its digits', async (t) => {
  const run = makeRunData();
  const records = parseCsv(await renderOne(run, 'csv'));
  t.equal(records.length, run.cells.flatMap((cell) => cell.rows).length);
  run.cells
    .flatMap((cell) => cell.rows.map((row) => ({ cell, row })))
    .forEach(({ cell, row }, index) => {
      const float = findCell(run, 'float', row.task).rows.find((other) => other.metric === row.metric);
      t.match(records[index], {
        run: 'first',
        model: row.model,
        recipe: row.recipe,
        task: row.task,
        metric: row.metric,
        protocol: row.protocol ?? '',
        value: String(row.value),
        stderr: String(row.stderr),
        n: String(row.n),
        higherIsBetter: String(row.higherIsBetter),
        bitsPerWeight: String(row.bitsPerWeight),
        seconds: String(row.seconds),
        delta: row.recipe === 'float' ? '' : String(row.value - (float?.value ?? 0)),
        status: 'done',
        tokens: String(cell.counts.tokens),
        tokenSha256: cell.counts.tokenSha256,
        modelDigest: run.manifest.models[0]?.digest ?? '',
        cellDigest: cell.digest,
        secondsScore: String(cell.seconds.score),
      });
    });
});

t.test('a failed and a missing cell have a line each, without figures', async (t) => {
  const run = makeRunData();
  failCell(run, 'gptq-w2-g64', 'piqa', 'It said "no",\nand stopped.');
  run.cells = run.cells.filter((cell) => cell !== findCell(run, 'rtn-w2-g64', 'piqa'));
  const records = parseCsv(await renderOne(run, 'csv'));
  const find = (recipe: string) => records.filter((record) => record['recipe'] === recipe && record['task'] === 'piqa');
  t.match(find('gptq-w2-g64'), [
    {
      metric: '',
      value: '',
      status: 'failed',
      errorCode: 'METHOD_FAILED',
      error: 'It said "no",\nand stopped.',
      n: '',
    },
  ]);
  t.match(find('rtn-w2-g64'), [{ metric: '', value: '', status: 'missing', error: '', fallbacks: '', seconds: '' }]);
});

t.test('a value that JSON could not carry is an empty field, and so is its delta', async (t) => {
  const run = makeRunData();
  Object.assign(findCell(run, 'rtn-w2-g64', 'wikitext2').rows[0] ?? {}, { value: Infinity });
  run.cells = JSON.parse(JSON.stringify(run.cells));
  const records = parseCsv(await renderOne(run, 'csv'));
  const record = records.find(({ recipe, task }) => recipe === 'rtn-w2-g64' && task === 'wikitext2');
  t.match(record, { value: '', delta: '', status: 'done' });
});

t.test('text that a spreadsheet would run gets an apostrophe, numbers never', async (t) => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r=1', '\uFF1D1'])
    t.equal(guardFormula(text), `'${text}`, JSON.stringify(text));
  for (const text of ['gptq-w4', 'a=b', '', "'", '1-2']) t.equal(guardFormula(text), text, JSON.stringify(text));

  const run = makeRunData({ models: ['=cmd|calc'] });
  const records = parseCsv(await renderOne(run, 'csv'));
  t.ok(records.every((record) => record['model'] === "'=cmd|calc"));
  const deltas = records.map((record) => record['delta']).filter((delta) => delta?.startsWith('-'));
  t.ok(deltas.length > 0 && deltas.every((delta) => Number(delta) < 0), 'negative numbers stay numbers');
});
