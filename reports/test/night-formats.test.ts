import { DOMParser } from '@xmldom/xmldom';
import { renderLatest, renderNight } from '@lowbit/reports';
import type { Night, RowVerdict } from '@lowbit/core';
import t from 'tap';
import { makeFirstNight, makeNight } from './fixtures/night.js';

async function render(night: Night, format: 'md' | 'junit'): Promise<string> {
  const [file] = await renderNight(night, [format]);
  return file?.content ?? '';
}

/** Throws on what is no XML. */
function parse(xml: string) {
  const fail = (level: string, message: string): void => {
    if (level !== 'warning') throw new Error(message);
  };
  return new DOMParser({ onError: fail }).parseFromString(xml, 'text/xml');
}

t.test('JUnit: a case for each figure, counts that hold', async (t) => {
  const document = parse(await render(makeNight(), 'junit'));
  const root = document.documentElement;
  const cases = [...document.getElementsByTagName('testcase')];
  for (const [name, element] of [
    ['failures', 'failure'],
    ['errors', 'error'],
    ['skipped', 'skipped'],
  ] as const) {
    const found = document.getElementsByTagName(element).length;
    t.ok(found > 0, element);
    t.equal(Number(root?.getAttribute(name)), found, name);
    const suites = [...document.getElementsByTagName('testsuite')];
    t.equal(
      suites.reduce((sum, suite) => sum + Number(suite.getAttribute(name)), 0),
      found,
    );
  }
  t.equal(Number(root?.getAttribute('tests')), cases.length);
  const keys = cases.map((each) => `${each.getAttribute('classname')} ${each.getAttribute('name')}`);
  t.equal(new Set(keys).size, keys.length, 'no two cases of one name');
  const [failure] = [...document.getElementsByTagName('failure')];
  t.match(failure?.getAttribute('message'), /^worse: .* to .*, against the (baseline|last night)$/);
  t.match(failure?.textContent, /tolerance|McNemar|fit of the series/);
});

t.test('JUnit: a night without a change has neither failure nor error', async (t) => {
  const night = makeNight();
  for (const difference of [night.againstBaseline, night.againstLast])
    for (const row of difference?.rows ?? []) row.verdict = 'same';
  const root = parse(await render(night, 'junit')).documentElement;
  t.same(
    ['failures', 'errors', 'skipped'].map((name) => root?.getAttribute(name)),
    ['0', '0', '0'],
  );
});

const hostile = `a]]><b>&amp;"'\u0000\u001b\uFFFF\ud800 | \`x\` [l](javascript:1) <img src=x onerror=1> </details>\n# h`;

function nameHostile(night: Night): Night {
  const change = (row: RowVerdict): RowVerdict => ({ ...row, recipe: hostile, reason: hostile });
  for (const difference of [night.againstBaseline, night.againstLast]) {
    if (!difference) continue;
    difference.rows = difference.rows.map(change);
    difference.changes = difference.changes.map((each) => ({ ...each, of: hostile, after: hostile }));
    difference.layers = difference.layers.map((each) => ({ ...each, layer: hostile }));
  }
  return { ...night, title: hostile, baseline: hostile };
}

t.test('JUnit: characters that XML has not, and its own, come out inert', async (t) => {
  const document = parse(await render(nameHostile(makeNight()), 'junit'));
  const title = document.documentElement?.getAttribute('name');
  t.equal(title, hostile.replace(/[\u0000\u001b\uFFFF\ud800]/g, '\uFFFD'), 'line breaks and all');
  t.equal(document.getElementsByTagName('b').length, 0);
});

t.test('Markdown: names stay text', async (t) => {
  const text = await render(nameHostile(makeNight()), 'md');
  t.notMatch(text, /(?<!\\)<(?!\/?(?:details|summary)>)/, 'only the folds are HTML');
  t.notMatch(text, /(?<!\\)\[l(?<!\\)\]/);
  t.notMatch(text, /^# h/m);
  const opened = [...text.matchAll(/(?<!\\)<details>/g)].length;
  t.equal([...text.matchAll(/(?<!\\)<\/details>/g)].length, opened);
  for (const line of text.split('\n').filter((each) => each.startsWith('| ')))
    t.ok([4, 5, 10].includes([...line.matchAll(/(?<!\\)\|/g)].length - 1), line);
});

t.test('Markdown: verdict first, then what is not the same; the rest is folded', async (t) => {
  const text = await render(makeNight(), 'md');
  const [title, verdict] = text.split('\n\n');
  t.equal(title, '## Nightly of tiny-llama: regression');
  t.match(verdict, /^\*\*3 worse, 1 failed/);
  const places = ['| verdict |', 'What changed since the last night', 'The same:'].map((part) => text.indexOf(part));
  t.same(
    places,
    places.toSorted((a, b) => a - b),
  );
  t.ok(places.every((place) => place > 0));
});

t.test('Markdown: thousands of rows fit into a comment', async (t) => {
  const night = makeNight();
  for (const difference of [night.againstBaseline, night.againstLast])
    if (difference)
      difference.rows = Array.from({ length: 400 }, (_, i) =>
        difference.rows.map((row) => ({ ...row, recipe: `${row.recipe}-${i}` })),
      ).flat();
  const text = await render(night, 'md');
  t.ok(text.length < 65_536, `${text.length} characters`);
  t.match(text, /And \d{4} more, on the night's page\./);
});

t.test('a first night says that there is nothing to compare with', async (t) => {
  const text = await render(makeFirstNight(), 'md');
  t.match(text, /: first night\n/);
  t.match(text, /nothing to compare them with yet/);
  t.match(text, /^No baseline: /m);
  t.equal(parse(await render(makeFirstNight(), 'junit')).documentElement?.getAttribute('failures'), '0');
});

t.test('the page of a fixed name leads to the last night', (t) => {
  t.match(renderLatest('../runs/a/night.html'), /content="0; url=..\/runs\/a\/night.html"/);
  t.end();
});
