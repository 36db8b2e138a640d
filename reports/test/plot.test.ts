import { buildPlots, buildResultTables, type PlotModel, type RunData } from '@lowbit/reports';
import t from 'tap';
import { findCell, makeRunData } from './fixtures/run-data.js';

function plotsOf(run: RunData): PlotModel[] {
  return buildResultTables(run).flatMap((table) => buildPlots(table));
}

function setValues(run: RunData, task: string, values: Record<string, number>): void {
  for (const [recipe, value] of Object.entries(values))
    Object.assign(findCell(run, recipe, task).rows[0] ?? {}, { value, stderr: 0.01 });
}

t.test('one plot a task, of its first metric, percent where it is a share', async (t) => {
  const plots = plotsOf(makeRunData());
  t.same(
    plots.map(({ title, direction, scale }) => [title, direction, scale]),
    [
      ['wikitext2 perplexity', '↓ lower is better', 'log'],
      ['arc_easy acc, percent', '↑ higher is better', 'linear'],
      ['piqa acc, percent', '↑ higher is better', 'linear'],
    ],
  );
});

t.test('points lie at bits per weight with one standard error each way', async (t) => {
  const run = makeRunData();
  setValues(run, 'piqa', { float: 0.6, 'gptq-w4-g64': 0.55, 'gptq-w3-g64': 0.5, 'gptq-w2-g64': 0.3 });
  const plot = plotsOf(run)[2];
  t.equal(plot?.baseline?.y, 60);
  t.equal(plot?.baseline?.label, 'float 60.00');
  const gptq = plot?.series.find(({ name }) => name === 'gptq');
  t.same(
    gptq?.points.map(({ x }) => x),
    [2.28125, 3.296875, 4.3125],
    'rising bits',
  );
  const point = gptq?.points[0];
  t.ok(point);
  if (!point) return;
  for (const [actual, expected] of [
    [point.low, 29],
    [point.y, 30],
    [point.high, 31],
  ] as const)
    t.ok(Math.abs(actual - expected) < 1e-9, `${expected} up to rounding of the product by 100`);
  t.match(plot?.description, 'float 60.00; gptq 30 at 2.28 bits per weight');
});

t.test('axes hold all points and error bars, with a few round ticks', async (t) => {
  for (const plot of plotsOf(makeRunData({ seed: 7 }))) {
    const points = plot.series.flatMap((series) => series.points);
    const [left, right] = plot.x.domain;
    const [low, high] = plot.y.domain;
    t.ok(
      points.every((point) => point.x > left && point.x < right && point.low > low && point.high < high),
      plot.title,
    );
    t.ok(plot.baseline && plot.baseline.y > low && plot.baseline.y < high, 'and float');
    t.ok(plot.y.ticks.length >= 3 && plot.y.ticks.length <= 8, `${plot.y.ticks.join(' ')}`);
    t.same(plot.x.ticks, [2, 3, 4]);
  }
});

t.test('a perplexity that explodes has powers of ten as ticks; a small spread stays linear', async (t) => {
  const run = makeRunData();
  setValues(run, 'wikitext2', { float: 20, 'rtn-w4-g64': 25, 'rtn-w3-g64': 4e4, 'rtn-w2-g64': 3e11 });
  t.same(plotsOf(run)[0]?.y.ticks, [10, 1e3, 1e5, 1e7, 1e9, 1e11]);
  run.cells = run.cells.filter((cell) => !/w[23]/.test(cell.recipe));
  t.equal(plotsOf(run)[0]?.scale, 'linear');
});

t.test('labels keep their order and do not overlap, at the upper and at the lower edge', async (t) => {
  const run = makeRunData();
  setValues(run, 'piqa', { float: 0.9, 'rtn-w2-g64': 0.25, 'gptq-w2-g64': 0.25001 });
  const [gptq, rtn] = plotsOf(run)[2]?.labels ?? [];
  t.equal(gptq?.text, 'gptq');
  t.equal(rtn?.text, 'rtn');
  t.ok(gptq && rtn && rtn.pixel - gptq.pixel >= 13, 'a line apart');
  t.ok(rtn && rtn.pixel <= 200, 'inside the plot');
});

t.test('many or long names are left to the legend', async (t) => {
  const run = makeRunData();
  for (const recipe of run.manifest.recipes) for (const step of recipe.steps) step.method += '-with-a-long-name';
  t.same(plotsOf(run)[0]?.labels, []);
});

t.test('no plot without a quantized figure, and wide ranges of bits get every second tick', async (t) => {
  const run = makeRunData();
  const all = run.cells;
  run.cells = all.filter((cell) => cell.recipe === 'float');
  t.same(plotsOf(run), []);
  run.cells = all;
  for (const row of findCell(run, 'gptq-w4-g64', 'wikitext2').rows) row.bitsPerWeight = 16;
  t.same(plotsOf(run)[0]?.x.ticks, [2, 4, 6, 8, 10, 12, 14, 16]);
});
