import { buildResultTables, collectNotes, listGroupRows, renderReport, type RunData } from '@lowbit/reports';
import t from 'tap';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';
import { parseCsv } from './fixtures/parse-csv.js';

const group = {
  name: 'two',
  description: 'Mean of two tasks',
  source: 'Some paper',
  protocol: 'mean/accNorm-else-acc',
  members: [
    { task: 'arc_easy', metric: 'accNorm' },
    { task: 'piqa', metric: 'acc' },
  ],
};

function makeGrouped(): RunData {
  const run = makeRunData();
  run.manifest.groups = [group];
  return run;
}

function memberRows(run: RunData, recipe: string) {
  return group.members.map(({ task, metric }) => {
    const row = findCell(run, recipe, task).rows.find((each) => each.metric === metric);
    if (!row) throw new Error(`no ${metric} of ${task}`);
    return row;
  });
}

t.test('a group is one row: mean of its metrics, error of independent tasks', async (t) => {
  const run = makeGrouped();
  const rows = listGroupRows(run);
  t.equal(rows.length, run.manifest.recipes.length);
  const [a, b] = memberRows(run, 'gptq-w4-g64');
  const row = rows.find(({ recipe }) => recipe === 'gptq-w4-g64');
  t.match(row, { task: 'two', metric: 'meanAcc', protocol: group.protocol, higherIsBetter: true, n: 2 * 2376 });
  t.equal(row?.bitsPerWeight, a?.bitsPerWeight);
  t.ok(Math.abs((row?.value ?? NaN) - ((a?.value ?? NaN) + (b?.value ?? NaN)) / 2) < 1e-15);
  t.ok(Math.abs((row?.stderr ?? NaN) - Math.hypot(a?.stderr ?? NaN, b?.stderr ?? NaN) / 2) < 1e-15);
});

t.test(
  'a member without a standard error leaves the mean without one; without a figure there is no mean',
  async (t) => {
    const run = makeGrouped();
    const [row] = memberRows(run, 'float');
    if (row) row.stderr = undefined;
    const meanOf = (recipe: string) => listGroupRows(run).find((each) => each.recipe === recipe);
    t.equal(meanOf('float')?.stderr, undefined);
    t.ok(Number.isFinite(meanOf('float')?.value));
    failCell(run, 'rtn-w2-g64', 'piqa', 'no');
    t.equal(meanOf('rtn-w2-g64'), undefined);
  },
);

t.test('the table has a column for it, with difference to float, failures and gaps', async (t) => {
  const run = makeGrouped();
  failCell(run, 'rtn-w2-g64', 'piqa', 'no');
  run.cells = run.cells.filter(({ recipe, task }) => !(recipe === 'rtn-w3-g64' && task === 'arc_easy'));
  const [table] = buildResultTables(run);
  if (!table) throw new Error('no table');
  const position = table.columns.findIndex(({ task }) => task === 'two');
  t.match(table.columns[position], { metric: 'meanAcc', unit: 'percent', protocol: group.protocol });
  t.equal(position, table.columns.length - 1);
  const entry = (recipe: string) => table.rows.find((row) => row.recipe === recipe)?.entries[position];
  const values = listGroupRows(run);
  const value = (recipe: string) => values.find((row) => row.recipe === recipe)?.value ?? NaN;
  t.match(entry('gptq-w4-g64'), {
    status: 'done',
    value: value('gptq-w4-g64'),
    delta: { value: value('gptq-w4-g64') - value('float') },
  });
  t.match(entry('rtn-w2-g64'), { status: 'failed', code: 'METHOD_FAILED' });
  t.same(entry('rtn-w3-g64'), { status: 'missing' });
  const notes = collectNotes(run, [table], []).map(({ text }) => text);
  t.match(notes.slice(2), [/^1 of 21 planned cells/, /^rtn-w2-g64 on piqa: /], 'a mean is no cell');
});

t.test('an artifact or a run without the members has no such column', async (t) => {
  const run = makeGrouped();
  run.manifest.groups = [{ ...group, members: [...group.members, { task: 'winogrande', metric: 'acc' }] }];
  t.same(listGroupRows(run), []);
  t.notOk(buildResultTables(run)[0]?.columns.some(({ task }) => task === 'two'));
});

t.test('CSV, Markdown and page show it and say how it was made', async (t) => {
  const run = makeGrouped();
  const files = await renderReport(run, ['csv', 'md', 'html']);
  const [csv = '', md = '', html = ''] = files.map(({ content }) => content);
  const records = parseCsv(csv);
  const means = records.filter(({ task }) => task === 'two');
  t.equal(means.length, run.manifest.recipes.length);
  const rows = listGroupRows(run);
  const [float, other] = [rows.find(({ recipe }) => recipe === 'float'), rows.at(-1)];
  t.match(
    means.find(({ recipe }) => recipe === other?.recipe),
    { metric: 'meanAcc', status: 'done', cellDigest: '', delta: String((other?.value ?? 0) - (float?.value ?? 0)) },
  );
  const words = 'two: mean of arc_easy accNorm, piqa acc (Some paper; mean/accNorm-else-acc)';
  t.ok(html.includes(words));
  t.ok(md.replaceAll('\\', '').includes(words));
  t.match(md, /two meanAcc, % ↑/);
});
