import { runInNewContext } from 'node:vm';
import {
  addSiteLink,
  collectFigures,
  differFacts,
  pairFigures,
  renderCompare,
  renderIndex,
  renderRunScript,
} from '@lowbit/reports';
import t from 'tap';
import { makeRunData } from './fixtures/run-data.js';
import { makeSite, makeSiteRun } from './fixtures/site.js';

const odd = '</script><script>alert(1)</script>\u2028"&';

t.test('the list has the latest run first, with its pages and what could not be read', async (t) => {
  const html = await renderIndex(makeSite());
  t.match(html, '2 runs and 1 night, the latest first.');
  const rows = [...html.matchAll(/<tr id="([^"]+)">.*/g)];
  t.same(
    rows.map(([, slug]) => slug),
    ['night-22', 'first-21', 'first-20'],
  );
  t.match(rows[0]?.[0], 'href="runs/night-22/night.html"');
  t.match(rows[0]?.[0], /▼<\/span> 3 worse/);
  t.match(rows[0]?.[0], '1 failed');
  t.match(rows[1]?.[0], 'href="differences/first-20--first-21.html"');
  t.match(rows[1]?.[0], 'href="compare.html#a&#x3D;first-20&amp;b&#x3D;first-21"');
  t.match(html, 'runs/old: Expected a manifest, found none.');
  t.match(html, 'href="runs/night-22/night.html">The last night');
});

t.test('nights alone, and the first of them', async (t) => {
  const site = makeSite();
  const counts = { worse: 0, failed: 0, incomparable: 0, gone: 0, new: 9, improved: 0, same: 0 };
  const runs = site.runs.slice(2).map((run) => ({ ...run, night: { counts, alarm: false, isFirst: true } }));
  const html = await renderIndex({ ...site, runs, differences: [] });
  t.match(html, '>1 night, the latest first.');
  t.match(html, '<span class="verdict near">first night</span>');
  t.notMatch(html, '9 new');
});

t.test('the best figure of a task is the best quantized one by its direction', async (t) => {
  const site = makeSite();
  const [first] = site.runs;
  const cells = first?.run.cells.filter(({ task, recipe }) => task === 'wikitext2' && recipe !== 'float') ?? [];
  const best = cells.sort((a, b) => (a.rows[0]?.value ?? 0) - (b.rows[0]?.value ?? 0))[0];
  const html = await renderIndex({ ...site, runs: site.runs.slice(0, 1), differences: [] });
  t.match(html, `wikitext2 perplexity↓ <b>${best?.rows[0]?.value.toFixed(2)}</b> <small>${best?.recipe}</small>`);
});

t.test('a run without any result has no link to a report', async (t) => {
  const empty = { ...makeSiteRun('empty', 3, (run) => (run.cells = [])), hasReport: false };
  const html = await renderIndex({ ...makeSite(), runs: [empty], differences: [] });
  t.match(html, /<tr id="empty"><th scope="row">first/);
  t.match(html, '21 without a result yet');
  t.notMatch(await renderCompare({ ...makeSite(), runs: [empty], differences: [] }), '<option value="empty">');
});

t.test('no runs at all', async (t) => {
  t.match(await renderIndex({ title: 'x', runs: [], differences: [], leftOut: [] }), 'None that can be shown.');
  t.match(
    await renderCompare({ title: 'x', runs: [], differences: [], leftOut: [] }),
    'None here: no name has two runs.',
  );
});

t.test('names are inert in pages and in the script of figures', async (t) => {
  const run = makeSiteRun('odd', 1, ({ manifest }) => {
    Object.assign(manifest, { name: odd, title: odd });
    for (const each of [...manifest.models, ...manifest.recipes, ...manifest.tasks]) each.name = odd;
  });
  for (const cell of run.run.cells) Object.assign(cell, { model: odd, recipe: odd, task: odd });
  const site = { ...makeSite(), title: odd, runs: [run], differences: [], leftOut: [{ folder: odd, reason: odd }] };
  for (const html of [await renderIndex(site), await renderCompare(site)]) t.notMatch(html, '<script>alert');
  const script = renderRunScript('odd', run.run);
  t.notMatch(script, /[<\u2028]/);
  const context: { lowbitRuns?: Record<string, { name: string }> } = {};
  runInNewContext(script, context);
  t.equal(context.lowbitRuns?.['odd']?.name, odd, 'the script gives the name back as it is');
});

t.test('the way back leads to the root', (t) => {
  const html = addSiteLink('<body>\n<header class="head">x', '../../');
  t.match(html, '<a href="../../index.html">All runs</a>');
  t.end();
});

t.test('plain differences: by direction, only where the figures can be compared', (t) => {
  const before = collectFigures(makeRunData());
  const after = collectFigures(makeRunData());
  const change = (recipe: string, task: string, by: (cell: (typeof after)['cells'][number]) => void): void => {
    const cell = after.cells.find((each) => each.recipe === recipe && each.task === task);
    if (cell) by(cell);
  };
  const set = (value: number | null) => (cell: (typeof after)['cells'][number]) => {
    if (cell.rows[0]) cell.rows[0].value = value;
  };
  change('rtn-w4-g64', 'wikitext2', set(100));
  change('rtn-w3-g64', 'piqa', set(1));
  change('rtn-w2-g64', 'piqa', set(null));
  change('gptq-w4-g64', 'wikitext2', (cell) => (cell.basis['token ids'] = 'others'));
  change('gptq-w3-g64', 'wikitext2', (cell) => Object.assign(cell, { failed: 'WORKER_LOST', rows: [] }));
  change('gptq-w2-g64', 'wikitext2', (cell) => Object.assign(cell.rows[0] ?? {}, { protocol: 'another' }));
  before.cells = before.cells.filter(({ recipe, task }) => recipe !== 'float' || task !== 'piqa');
  after.cells = after.cells.filter(({ recipe, task }) => recipe !== 'float' || task !== 'arc_easy');
  const pairs = pairFigures(before, after);
  const find = (recipe: string, task: string) => pairs.find((pair) => pair.recipe === recipe && pair.task === task);
  t.match(find('rtn-w4-g64', 'wikitext2'), { sense: 'worse' }, 'a higher perplexity');
  t.match(find('rtn-w3-g64', 'piqa'), { sense: 'better' }, 'a higher accuracy');
  t.match(find('rtn-w2-g64', 'piqa'), { difference: undefined, sense: undefined });
  t.match(find('gptq-w4-g64', 'wikitext2'), { difference: undefined, note: 'not comparable: other token ids' });
  t.match(find('gptq-w3-g64', 'wikitext2'), { difference: undefined, note: 'failed: WORKER_LOST' });
  t.match(find('gptq-w2-g64', 'wikitext2'), { difference: undefined, note: 'not comparable: another protocol' });
  t.match(find('float', 'piqa'), { note: 'only after' });
  t.match(find('float', 'arc_easy'), { note: 'only before' });
  t.match(find('rtn-w4-g64', 'piqa'), { difference: 0, sense: 'near', note: '' });
  t.equal(pairs.at(-1)?.note, 'only before', 'what is gone comes last');
  t.end();
});

t.test('what differs is named option by option; what only one run has by one line', (t) => {
  const [one, other] = [makeRunData(), makeRunData()];
  Object.assign(other.manifest.environment, { onnxruntime: '1.31.0' });
  Object.assign(other.manifest.recipes.find(({ name }) => name === 'gptq-w4-g64')?.steps[0]?.options ?? {}, {
    dampPercent: 0.05,
  });
  other.manifest.recipes = other.manifest.recipes.filter(({ name }) => name !== 'rtn-w2-g64');
  t.same(differFacts(collectFigures(one), collectFigures(other)), [
    { what: 'onnxruntime', of: '', before: '1.30.0', after: '1.31.0' },
    { what: 'gptq dampPercent', of: 'gptq-w4-g64', before: '0.01', after: '0.05' },
    { what: 'Recipe', of: 'rtn-w2-g64', before: 'rtn 1.0.0', after: '–' },
  ]);
  t.end();
});
