import { parseCsv } from './fixtures/parse-csv.js';
import { makeDifference, makeRow } from './fixtures/run-difference.js';
import { renderDifference, type DifferenceFormat } from '@lowbit/reports';
import t from 'tap';

async function renderOne(difference = makeDifference(), format: DifferenceFormat = 'html'): Promise<string> {
  const [file] = await renderDifference(difference, [format]);
  return file?.content ?? '';
}

/** The text of a page as it is read, tags gone. */
function readText(html: string): string {
  const body = html.slice(html.indexOf('<body>'), html.indexOf('<script'));
  return body.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
}

t.test('the verdict comes first, in words and with signs', async (t) => {
  const text = readText(await renderOne());
  t.match(text, /▼ 3 worse, ✕ 1 failed, ≠ 1 incomparable, − 1 gone, \+ 1 new, ▲ 1 improved of 10\./);
  t.match(text, 'Most moved of its layers: model.layers.3.mlp.down_proj of gptq-w4-g64, weight error +9.96 %.');
  const same = makeDifference();
  same.rows = same.rows.filter(({ verdict }) => verdict === 'same');
  t.match(readText(await renderOne(same)), 'All 2 figures are the same.');
  t.match(readText(await renderOne({ ...same, rows: [] })), 'No figures to compare.');
});

t.test('what the verdicts rest on is a sentence', async (t) => {
  const { rows } = makeDifference();
  const cached = rows.map((row): typeof row => ({ ...row, verdict: 'same', test: 'digest' }));
  t.match(
    readText(await renderOne({ ...makeDifference(), rows: cached })),
    'Verdicts rest on the digest, where a cell was not computed again and so is the same.',
  );
});

t.test('rows stand in order of alarm; what is the same is folded', async (t) => {
  const html = await renderOne();
  const words = [
    ...html.matchAll(/<td class="text"><span class="verdict \w+"><span aria-hidden="true">[^<]+<\/span> (\w+)/g),
  ];
  t.same(
    words.map(([, word]) => word),
    ['worse', 'worse', 'worse', 'failed', 'incomparable', 'gone', 'new', 'improved', 'same', 'same'],
  );
  t.ok(html.indexOf('<details id="same">') < html.lastIndexOf('same</span>'));
});

t.test('figures that differ are shown with the digits in which they do', async (t) => {
  const text = readText(await renderOne());
  t.match(text, '19.9198619.91987');
  t.match(text, '+5.02e−5 %');
  t.match(text, '−4.75 points−7.10 to −2.40', 'an accuracy in points');
});

t.test('a bar runs from one end of the interval to the other, on one axis a metric', async (t) => {
  const bars = [...(await renderOne()).matchAll(/class="range" d="M([\d.]+) 7H([\d.]+)"/g)];
  const [worse, improved, same] = bars.map(([, from, to]) => [Number(from), Number(to)]);
  // piqa acc reaches to 0.071: 52 pixels on each side of 56.
  t.same(worse, [4, 38.4]);
  t.same(improved, [64.8, 105.8]);
  t.same(same, [41.4, 63.3]);
});

t.test('values that are no numbers, as JSON keeps them', async (t) => {
  const nothing = JSON.parse('{"before":null}') as { before: number };
  const rows = [makeRow('incomparable', { ...nothing, after: Number.POSITIVE_INFINITY })];
  t.match(readText(await renderOne({ ...makeDifference(), rows })), 'not a number∞');
});

t.test('a hash is shown short and copied whole; nothing changed is said', async (t) => {
  const html = await renderOne();
  t.match(html, /<code class="hash" title="[0-9a-f]{64}">[0-9a-f]{64}<\/code>/);
  t.match(html, /<code class="hash" title="[0-9a-f]{40}\+">/);
  const [before = ''] = makeDifference().changes.flatMap(({ what, before }) => (what === 'data' ? [before] : []));
  const markdown = await renderOne(makeDifference(), 'md');
  t.match(markdown, `| ${before.slice(0, 12)} |`, 'short in text');
  t.match(markdown, /\| [0-9a-f]{12}\+ \|/);
  t.match(
    readText(await renderOne({ ...makeDifference(), changes: [], layers: [] })),
    'Nothing that the two runs record',
  );
});

t.test('a link leads beside the page or nowhere', async (t) => {
  const linked = async (href: string): Promise<boolean> => {
    const difference = makeDifference();
    difference.before.href = href;
    return (await renderOne(difference)).includes('before: <a href=');
  };
  t.ok(await linked('../runs/first/report.html'));
  t.notOk(await linked('a:b/../report.html'), 'a scheme');
  t.notOk(await linked('javascript:alert(1)'));
  t.notOk(await linked(' javascript:alert(1)'));
  t.notOk(await linked('//elsewhere.example/x'));
});

t.test('names are inert in every format', async (t) => {
  const difference = makeDifference();
  const name = '<script>alert("x")</script>|`*_=cmd';
  for (const row of difference.rows) Object.assign(row, { recipe: name, task: name, model: name, reason: name });
  for (const change of difference.changes) Object.assign(change, { what: name, of: name, before: name });
  for (const layer of difference.layers) Object.assign(layer, { recipe: name, layer: name });
  difference.before.name = '=HYPERLINK("x")';
  difference.after.created = name;
  t.notMatch(await renderOne(difference), '<script>alert');
  t.notMatch(await renderOne(difference, 'md'), /(?<!\\)<script/);
  t.equal(parseCsv(await renderOne(difference, 'csv'))[0]?.['before'], `'=HYPERLINK("x")`);
});

t.test('CSV and JSON have full precision, Markdown the verdict', async (t) => {
  const difference = makeDifference();
  const records = parseCsv(await renderOne(difference, 'csv'));
  t.equal(records.length, difference.rows.length);
  t.match(records[2], {
    ...{ valueBefore: '19.91986', valueAfter: '19.91987' },
    ...{ difference: '5.02e-7', test: 'tolerance' },
  });
  t.same(JSON.parse(await renderOne(difference, 'json')), JSON.parse(JSON.stringify(difference)));
  t.match(await renderOne(difference, 'md'), /^# first: two runs\n\n\*\*3 worse, 1 failed/);
});
