import { renderNight } from '@lowbit/reports';
import t from 'tap';
import { makeFirstNight, makeNight } from './fixtures/night.js';

async function renderOne(night = makeNight()): Promise<string> {
  const [file] = await renderNight(night, ['html']);
  return file?.content ?? '';
}

t.test('the verdict comes first; each row says against what', async (t) => {
  const html = await renderOne();
  t.ok(html.indexOf('▼</span> 3 worse') < html.indexOf('<main'));
  t.match(html, /worse<\/span><span class="delta line">against the baseline/);
  const quiet = makeNight();
  quiet.counts = { worse: 0, failed: 0, incomparable: 0, gone: 0, new: 0, improved: 0, same: 48 };
  t.match(await renderOne({ ...quiet, alarm: false }), 'All 48 figures are the same. No alarm.');
});

t.test('the list of nights counts this night as the headline does', async (t) => {
  const [list = ''] = /<ol class="nights"[^]*<\/ol>/.exec(await renderOne()) ?? [];
  const [own = '', ...others] = list.split('<li>').slice(1);
  t.match(own, /▼<\/span> 3 worse[^]*✕<\/span> 1 failed[^]*≠<\/span> 1 incomparable/);
  t.equal(others.length, 11);
  t.notMatch(others.join(''), 'worse');
});

t.test('the more alarming of the two comparisons is shown', async (t) => {
  const night = makeNight();
  // Worse than the baseline and not again since: the fixture's piqa row; now better than the last night too.
  for (const row of night.againstLast?.rows ?? [])
    if (row.recipe === 'gptq-w4-g64' && row.metric === 'acc') row.verdict = 'improved';
  const row = /<tr id="moved-1">.*/.exec(await renderOne(night))?.[0] ?? '';
  t.match(row, /gptq-w4-<wbr>|gptq-w4-g64/);
  t.match(row, 'worse');
  t.match(row, /data-sort="0.62">62.00.*data-sort="0.5725">57.25.*<b>57.25/);
});

t.test('a first night shows its figures, and that the baseline is missing', async (t) => {
  const html = await renderOne(makeFirstNight());
  t.match(html, 'The first night: nothing to compare with yet.');
  t.match(html, 'names no night of this history');
  t.equal([...html.matchAll(/<tr id="same-\d+">/g)].length, 9);
  t.notMatch(html, 'id="since-last"');
});

t.test('each series has a small line and, from two nights on, a chart with its description', async (t) => {
  const night = makeNight();
  const html = await renderOne(night);
  t.equal([...html.matchAll(/class="spark"/g)].length, night.series.length);
  t.equal([...html.matchAll(/<div role="img" aria-label="[^"]+ over 12 nights; /g)].length, night.series.length);
  t.match(html, 'levels of the fit: 42.3, 31.7');
});

t.test('a night without a figure breaks the line', async (t) => {
  const night = makeNight();
  const [series] = night.series;
  if (series?.points[5]) series.points[5].value = Number.NaN;
  const line =
    /class="line" d="([^"]*)"/.exec(await renderOne({ ...night, series: night.series.slice(0, 1) }))?.[1] ?? '';
  t.equal([...line.matchAll(/M/g)].length, 2);
});

t.test('many series keep the page small: charts for what moved first, the rest counted', async (t) => {
  const night = makeNight(30);
  const [series] = night.series;
  if (!series) return t.fail('the fixture has series');
  night.series = Array.from({ length: 4000 }, (_, index) => ({ ...series, recipe: `recipe ${index}` }));
  const html = await renderOne(night);
  t.match(html, /3940 more have no chart here/);
  t.ok(html.length < 5e6, `${html.length} bytes`);
});

t.test('names are inert', async (t) => {
  const night = makeNight();
  const name = '<img src=x onerror=alert(1)>';
  for (const series of night.series) Object.assign(series, { recipe: name, task: name });
  Object.assign(night, { title: name, missingBaseline: name, baseline: name });
  t.notMatch(await renderOne(night), '<img');
});
