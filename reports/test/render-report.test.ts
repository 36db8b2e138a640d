import { ReportEmptyError, renderReport, stripMeasurements, type RunData } from '@lowbit/reports';
import t from 'tap';
import { makeRunData } from './fixtures/run-data.js';

const formats = ['html', 'csv', 'md', 'tex'] as const;

/** The same plan executed again at another time: other times, other memory, results in another order. */
function runAgain(run: RunData): RunData {
  const again = structuredClone(run);
  again.manifest.created = '2026-01-02T03:04:05.000Z';
  again.cells.reverse();
  for (const cell of again.cells) {
    cell.seconds = { quantize: cell.seconds.quantize + 1e-7, load: 12.5, score: 3 };
    cell.peakMemoryBytes += 12_345_678;
    for (const row of cell.rows) row.seconds = 15.5;
  }
  return again;
}

const recipes = ['float', 'gptq-w4-g64', 'rtn-w4-g64', 'gptq-w3-g64', 'rtn-w3-g64', 'gptq-w2-g64', 'rtn-w2-g64'];

t.test('files come in the order asked for, pages of recipes last', async (t) => {
  const files = await renderReport(makeRunData(), ['md', 'html', 'csv']);
  t.same(
    files.map(({ file }) => file),
    ['report.md', 'report.html', 'report.csv', ...recipes.map((name) => `recipes/${name}.html`)],
  );
  t.ok(files.every(({ content }) => content.endsWith('\n')));
});

t.test('the same data gives the same bytes, in any time zone', async (t) => {
  const zone = process.env['TZ'];
  process.env['TZ'] = 'Pacific/Kiritimati';
  const there = await renderReport(makeRunData(), formats);
  process.env['TZ'] = 'America/Los_Angeles';
  t.same(await renderReport(makeRunData(), formats), there);
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

t.test('two executions differ in times only', async (t) => {
  const run = makeRunData({ models: ['one', 'two'] });
  const first = await renderReport(run, formats);
  const second = await renderReport(runAgain(run), formats);
  t.notSame(second, first, 'the times are there');
  t.same(second.map(stripMeasurements), first.map(stripMeasurements), 'and nothing else differs');
  const other = structuredClone(run);
  for (const row of other.cells[0]?.rows ?? []) row.value += 0.5;
  const third = await renderReport(other, formats);
  third.forEach((file, index) => {
    const before = first[index];
    t.not(stripMeasurements(file), before && stripMeasurements(before), `a changed figure shows in ${file.file}`);
  });
});

t.test('a created that is no instant is shown as it is', async (t) => {
  const run = makeRunData();
  run.manifest.created = 'yesterday';
  const [file] = await renderReport(run, ['html']);
  t.match(file?.content, '<time>yesterday</time>');
});

t.test('no result at all is an error with a code', async (t) => {
  const run = makeRunData();
  run.cells = [];
  await t.rejects(renderReport(run, formats), {
    code: 'REPORT_EMPTY',
    message:
      "A report needs at least one cell with a result, but the runs ('first') have none; start the run again and let a cell finish.",
  });
  await t.rejects(renderReport([], ['md']), ReportEmptyError);
  const [file] = await renderReport([run, makeRunData()], ['md']);
  t.match(file?.content, 'No cell of tiny-llama has a figure yet.', 'one empty run beside another is shown as such');
});
