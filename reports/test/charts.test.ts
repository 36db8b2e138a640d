import { buildForests, buildPlots, buildResultTables, drawKl, rankPareto } from '@lowbit/reports';
import t from 'tap';
import { makeComparedRun } from './fixtures/compared.js';
import { renderOne } from './fixtures/render.js';
import { makeRunData } from './fixtures/run-data.js';
import { textOf } from './fixtures/text-of.js';

t.test('the front: what nothing is as cheap as and as good', async (t) => {
  const point = (recipe: string, x: number, y: number) => ({ recipe, x, y });
  const points = [
    point('a', 4, 10),
    point('b', 3, 12),
    point('c', 4, 11),
    point('d', 5, 10),
    point('e', 2, 50),
    point('f', 3, 12),
  ];
  const untested = () => undefined;
  t.same(
    rankPareto(points, false, untested),
    ['front', 'front', 'dominated', 'dominated', 'front', 'front'],
    'equals stay',
  );
  t.same(rankPareto(points, true, untested), [
    'dominated',
    'dominated',
    'dominated',
    'dominated',
    'front',
    'dominated',
  ]);
  // d is behind a alone, and no test tells the two; c is behind a, which it is told from.
  const isTold = (one: string, other: string) => (one + other === 'da' ? false : true);
  t.same(rankPareto(points, false, isTold).slice(2, 4), ['dominated', 'open']);
  // One of those before it is told from it: enough.
  const some = (one: string, other: string) => other !== 'a';
  t.same(rankPareto([point('a', 1, 1), point('b', 1, 2), point('c', 1, 3)], false, some), [
    'front',
    'open',
    'dominated',
  ]);
});

t.test('an exhaustive search over random planes finds the same front', async (t) => {
  let state = 7;
  const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
  const missed: unknown[] = [];
  for (let round = 0; round < 50; round++) {
    const points = Array.from({ length: 30 }, (_, i) => ({ recipe: String(i), x: random(12), y: random(12) }));
    const ranks = rankPareto(points, true, () => undefined);
    // By definition: no other point is at least as good in both and better in one.
    const expected = points.map((p) => {
      for (const q of points) if ((q.x < p.x && q.y >= p.y) || (q.x <= p.x && q.y > p.y)) return 'dominated';
      return 'front';
    });
    if (JSON.stringify(ranks) !== JSON.stringify(expected)) missed.push(points);
  }
  t.same(missed, []);
});

const run = await makeComparedRun({
  float: [0, 0],
  'gptq-w4-g64': [3, 0.0001],
  'rtn-w4-g64': [6, 0.05],
  'gptq-w3-g64': [40, 0.2],
  'rtn-w3-g64': [90, 0.6],
});

t.test('plots carry the fronts, with what the paired tests leave open', async (t) => {
  const [table] = buildResultTables(run);
  if (!table) return t.fail('no table');
  const [perplexity, acc] = buildPlots(table, run.comparisons);
  t.same(
    perplexity?.front.map(({ recipe }) => recipe),
    ['gptq-w3-g64', 'gptq-w4-g64'],
  );
  t.match(perplexity?.description, 'on the Pareto front: gptq-w3-g64, gptq-w4-g64');
  const standing = (plot: typeof acc, name: string) =>
    plot?.series.flatMap(({ points }) => points).find(({ recipe }) => recipe === name)?.standing;
  t.equal(standing(acc, 'rtn-w4-g64'), 'open', '2 and 4 answers of 300 are no difference');
  t.equal(standing(perplexity, 'rtn-w4-g64'), 'dominated', '0.05 nats of 0.01 is much');
  t.equal(standing(buildPlots(table)[1], 'rtn-w4-g64'), 'dominated', 'untested');
});

t.test('differences to float are those of the comparisons, in percent and points', async (t) => {
  const [table] = buildResultTables(run);
  if (!table) return t.fail('no table');
  const forests = buildForests(table, run.comparisons);
  t.same(
    forests.map(({ title, unit }) => [title, unit]),
    [
      ['wikitext2 perplexity', 'percent of float'],
      ['arc_easy acc', 'points'],
      ['piqa acc', 'points'],
    ],
  );
  for (const { task, rows, domain } of forests) {
    t.equal(rows.length, 4);
    for (const row of rows) {
      const pair = run.comparisons?.pairs.find(
        (each) =>
          each.isBaseline && each.task === task && each.recipe === row.recipe && /acc$|perplexity/.test(each.metric),
      );
      t.equal(row.difference, (pair?.result?.difference ?? NaN) * 100);
      t.equal(row.low, (pair?.result?.low ?? NaN) * 100);
      t.equal(row.isTold, (pair?.result?.adjustedP ?? NaN) < 0.05);
      t.ok(row.low >= domain[0] && row.high <= domain[1] && domain[0] <= 0 && domain[1] >= 0);
    }
  }
  t.same(
    forests[2]?.rows.map(({ isTold }) => isTold),
    [false, false, true, true],
  );
  const explode = structuredClone(run);
  for (const { result } of explode.comparisons?.pairs ?? [])
    if (result?.scale === 'relative') Object.assign(result, { high: 90, low: -Infinity });
  const [wide] = buildForests(buildResultTables(explode)[0] ?? table, explode.comparisons);
  t.match(wide, { scale: 'symlog', ticks: [0, 1, 10, 100, 1000] });
  t.ok(
    wide?.rows.every(({ low }) => low === wide.domain[0]),
    'an open end goes to the edge',
  );
  t.ok(
    wide?.figures.every(({ low }) => low === -Infinity),
    'and is open as a figure',
  );
  t.same(buildForests(table, undefined), []);
});

t.test('the differences to float stand in a table as well, closed', async (t) => {
  const html = await renderOne(run, 'html');
  const [details = ''] = /<details>\s*<summary><b>The differences as a table[^]*?<\/details>/.exec(html) ?? [];
  const rows = details.split('<tr>').slice(2).map(textOf);
  t.equal(rows.length, 4 * 3, 'four recipes, three tasks');
  t.match(
    rows.at(-1),
    /^rtn-w3-g64 piqa acc −20\.0 points −\S+ to −\S+ points worse$/,
    '60 of 300 documents more wrong',
  );
  t.match(rows[0], /^gptq-w4-g64 wikitext2 perplexity −\S+ % −\S+ to \+\S+ % no$/);
});

t.test('a histogram is drawn with the heights of its bins', async (t) => {
  const counts = [10, ...Array.from({ length: 64 }, (_, i) => (i === 32 ? 40 : 0)), 0];
  const { svg, ticks } = drawKl({ low: 1e-6, perDecade: 8, counts }, 340);
  const heights = [...svg.matchAll(/V([\d.]+)h/g)].map(([, y]) => 30 - Number(y));
  t.equal(heights.length, 34, 'two bins a step, and the ends');
  t.same(
    heights.map((height, bin) => (height > 0 ? [bin, height] : [])).filter(({ length }) => length > 0),
    [
      [0, 7],
      [17, 28],
    ],
  );
  t.equal(ticks[0]?.label, '1e−6');
  t.match(ticks.at(-1), { label: '1e2' });
  t.equal(ticks.length, 9);
});

t.test('no recipe, no front', async (t) => {
  const data = makeRunData();
  data.cells = data.cells.filter(({ recipe }) => recipe === 'float');
  t.same(
    buildResultTables(data).flatMap((table) => buildPlots(table, run.comparisons)),
    [],
  );
});
