import {
  buildResultTables,
  compareFigures,
  isWithinError,
  nameSeries,
  type DoneEntry,
  type RunData,
} from '@lowbit/reports';
import t from 'tap';
import { failCell, findCell, makeRunData } from './fixtures/run-data.js';

function onlyTable(run: RunData) {
  const [table] = buildResultTables(run);
  if (!table) throw new Error('a run with a model has a table');
  return table;
}

function rowOf(run: RunData, recipe: string) {
  const row = onlyTable(run).rows.find((candidate) => candidate.recipe === recipe);
  if (!row) throw new Error(`no row of ${recipe}`);
  return row;
}

function entryOf(run: RunData, recipe: string, position: number): DoneEntry {
  const entry = rowOf(run, recipe).entries[position];
  if (entry?.status !== 'done') throw new Error(`no figure of ${recipe} in column ${position}`);
  return entry;
}

t.test('float comes first, then bits downwards, then the method', async (t) => {
  const order = ['float', 'gptq-w4-g64', 'rtn-w4-g64', 'gptq-w3-g64', 'rtn-w3-g64', 'gptq-w2-g64', 'rtn-w2-g64'];
  const run = makeRunData();
  t.same(
    onlyTable(run).rows.map((row) => row.recipe),
    order,
  );
  run.cells.reverse();
  run.manifest.recipes.reverse();
  t.same(
    onlyTable(run).rows.map((row) => row.recipe),
    order,
    'whatever the order of cells and plan',
  );
});

t.test('a recipe without named bits comes last', async (t) => {
  const run = makeRunData();
  for (const recipe of run.manifest.recipes) if (recipe.name === 'gptq-w4-g64') recipe.bits = undefined;
  t.equal(onlyTable(run).rows.at(-1)?.recipe, 'gptq-w4-g64');
});

t.test('columns are the metrics of the tasks, with the protocol that the rows name', async (t) => {
  const run = makeRunData();
  for (const cell of run.cells)
    for (const row of cell.rows) if (row.task === 'wikitext2') row.protocol = 'ppl/papers-512';
  for (const row of findCell(run, 'rtn-w4-g64', 'piqa').rows) if (row.metric === 'accNorm') row.metric = 'accBytes';
  const { columns } = onlyTable(run);
  t.same(
    columns.map(({ task, metric, protocol, unit }) => [task, metric, protocol, unit]),
    [
      ['wikitext2', 'perplexity', 'ppl/papers-512', 'plain'],
      ['arc_easy', 'acc', undefined, 'percent'],
      ['arc_easy', 'accNorm', 'by characters', 'percent'],
      ['piqa', 'acc', undefined, 'percent'],
      ['piqa', 'accNorm', 'by characters', 'percent'],
      ['piqa', 'accBytes', 'by characters', 'percent'],
    ],
    'and a metric that only the rows know comes after those of its task',
  );
  t.equal(rowOf(run, 'rtn-w4-g64').entries[4]?.status, 'none');
});

t.test('delta is score minus float, and the direction says whether it is worse', async (t) => {
  const run = makeRunData();
  const set = (recipe: string, task: string, value: number, stderr: number) =>
    Object.assign(findCell(run, recipe, task).rows[0] ?? {}, { value, stderr });
  set('float', 'wikitext2', 20, 0.3);
  set('rtn-w4-g64', 'wikitext2', 28, 0.4);
  set('gptq-w4-g64', 'wikitext2', 20.5, 0.4);
  set('float', 'piqa', 0.6, 0.01);
  set('rtn-w4-g64', 'piqa', 0.62, 0.01);

  t.equal(entryOf(run, 'float', 0).delta, undefined);
  // |28 - 20| / sqrt(0.3^2 + 0.4^2) = 16, by hand.
  t.match(entryOf(run, 'rtn-w4-g64', 0).delta, { value: 8, ratio: 1.4, sense: 'worse', standardErrors: 16 });
  const near = entryOf(run, 'gptq-w4-g64', 0).delta;
  t.equal(near && isWithinError(near), true, 'one standard error is within two');
  t.equal(entryOf(run, 'rtn-w4-g64', 3).delta?.sense, 'better');
  t.ok(entryOf(run, 'gptq-w4-g64', 0).isBest);
  t.notOk(entryOf(run, 'rtn-w4-g64', 0).isBest);
  t.ok(entryOf(run, 'rtn-w4-g64', 3).isBest, 'higher is best where higher is better');
});

t.test('a comparison without standard error, and one with a baseline of zero', async (t) => {
  t.same(compareFigures({ value: 1, stderr: undefined }, { value: 0, stderr: 0.1 }, true), {
    value: 1,
    ratio: undefined,
    sense: 'better',
    standardErrors: undefined,
  });
  t.equal(isWithinError(compareFigures({ value: 1, stderr: undefined }, { value: 0, stderr: 0.1 }, true)), false);
  t.equal(compareFigures({ value: 2, stderr: 0 }, { value: 2, stderr: 0 }, true).sense, 'same');
});

t.test('failed, missing, unplanned and stale cells', async (t) => {
  const run = makeRunData();
  failCell(run, 'gptq-w2-g64', 'piqa', 'It failed.');
  delete Object.assign(findCell(run, 'gptq-w3-g64', 'piqa'), { status: 'failed', rows: [] }).error;
  run.cells = run.cells.filter((cell) => cell !== findCell(run, 'rtn-w2-g64', 'piqa'));
  run.manifest.cells = run.manifest.cells.filter((key) => !(key.recipe === 'rtn-w3-g64' && key.task === 'piqa'));
  findCell(run, 'rtn-w4-g64', 'piqa').digest = 'of an older plan';
  t.same(rowOf(run, 'gptq-w2-g64').entries[3], { status: 'failed', code: 'METHOD_FAILED', message: 'It failed.' });
  t.match(rowOf(run, 'gptq-w3-g64').entries[3], { status: 'failed', code: 'INTERNAL' });
  t.same(rowOf(run, 'rtn-w2-g64').entries[3], { status: 'missing' });
  t.same(rowOf(run, 'rtn-w3-g64').entries[3], { status: 'none' });
  t.same(rowOf(run, 'rtn-w4-g64').entries[3], { status: 'missing' }, 'a result of another plan is not shown');
});

t.test('a perplexity that overflowed, null in JSON, has no delta and is never the best', async (t) => {
  const run = makeRunData();
  const cell = findCell(run, 'rtn-w2-g64', 'wikitext2');
  Object.assign(cell.rows[0] ?? {}, { value: Infinity, stderr: Infinity });
  run.cells[run.cells.indexOf(cell)] = JSON.parse(JSON.stringify(cell));
  const entry = entryOf(run, 'rtn-w2-g64', 0);
  t.ok(Number.isNaN(entry.value));
  t.equal(entry.delta, undefined);
  t.notOk(entry.isBest);
});

t.test('bits per weight and fallbacks come from the finished cells', async (t) => {
  const run = makeRunData();
  t.equal(rowOf(run, 'gptq-w3-g64').bitsPerWeight, 3 + 19 / 64);
  t.equal(rowOf(run, 'gptq-w2-g64').fallbacks.length, 1);
  t.equal(rowOf(run, 'rtn-w2-g64').fallbacks.length, 0);
  run.cells = run.cells.filter((cell) => cell.recipe === 'rtn-w4-g64');
  t.equal(rowOf(run, 'float').bitsPerWeight, 16, "the checkpoint's own, before float is scored");
  t.equal(rowOf(run, 'gptq-w3-g64').bitsPerWeight, undefined);
});

t.test('a series is the methods, and the options that most of their recipes do not have', async (t) => {
  const step = (method: string, options: Record<string, unknown>) => ({ method, version: '1', options });
  const names = nameSeries([
    { name: 'float', steps: [], bits: undefined },
    { name: 'a', steps: [step('gptq', { bits: 4, groupSize: 64 })], bits: 4 },
    { name: 'b', steps: [step('gptq', { bits: 3, groupSize: 64 })], bits: 3 },
    { name: 'c', steps: [step('gptq', { bits: 4, groupSize: 128 })], bits: 4 },
    { name: 'd', steps: [step('rtn', { bits: 4, clip: { grid: 8 } })], bits: 4 },
    { name: 'e', steps: [step('rtn', { bits: 4, clip: 'off' })], bits: 4 },
    { name: 'f', steps: [step('smoothquant', { alpha: 0.5 }), step('gptq', { bits: 4 })], bits: 4 },
    {
      name: 'g',
      steps: [
        {
          ...step('gptq', { bits: 4, groupSize: 64 }),
          layers: [
            { match: 'down', options: { bits: 8, groupSize: 32 } },
            { match: '*.0.*', off: true },
          ],
        },
      ],
      bits: 4,
    },
  ]);
  t.same(Object.fromEntries(names), {
    float: 'float',
    a: 'gptq',
    b: 'gptq',
    c: 'gptq groupSize=128',
    d: 'rtn clip={"grid":8}',
    e: 'rtn clip=off',
    f: 'smoothquant+gptq',
    g: 'gptq down:bits=8,groupSize=32 *.0.*:off',
  });
});
