import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lockRun } from '@lowbit/core';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { model } from './run-lowbit.js';

const base = t.testdir();
const runs = path.join(base, 'runs');
const output = path.join(base, 'site');

/** One run of two cells, computed once; the others are copies of it with another manifest. */
async function makeRuns(): Promise<void> {
  const experiment = {
    ...{ name: 'small', models: [model], recipes: ['float', { name: '<i>rtn', recipe: 'rtn(bits=3)' }], data: model },
    tasks: [{ name: 'tinystories', limit: 2 }],
  };
  writeFileSync(path.join(base, 'small.json'), JSON.stringify(experiment));
  const { status, stderr } = await callLowbit(t, ['run', path.join(base, 'small.json'), '-o', path.join(runs, 'one')]);
  if (status !== 0) throw new Error(stderr);
  copyRun('one', 'two', { created: '2031-01-02T03:04:05.678Z' });
  copyRun('one', 'deep/other', { name: 'other', created: '2031-01-03T00:00:00.000Z' });
  copyRun('one', 'history/store', {});
  copyRun('two', 'copy-of-two', {});
  const night = '2031-01-04T03-00-00-000Z';
  const created = '2031-01-04T03:00:00.000Z';
  copyRun('one', `history/runs/${night}`, { name: 'nightly', created });
  const label = { name: 'nightly', created, href: 'somewhere/else.html' };
  writeFileSync(
    path.join(runs, 'history/runs', night, 'verdict.json'),
    JSON.stringify({
      ...{ formatVersion: 1, name: night, title: 'A night', run: label, computed: 2, reused: 0, alarm: false },
      counts: { worse: 0, failed: 0, incomparable: 0, gone: 0, new: 1, improved: 0, same: 0 },
      series: [
        {
          ...{ model: 'stories260k', recipe: 'float', task: 'tinystories', metric: 'perplexity' },
          ...{ higherIsBetter: false, measured: false, points: [{ run: label, value: 3.5 }] },
        },
      ],
    }),
  );
}

function copyRun(from: string, to: string, change: object): void {
  cpSync(path.join(runs, from), path.join(runs, to), { recursive: true });
  const file = path.join(runs, to, 'manifest.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
}

async function build(t: Test, ...args: string[]) {
  return callLowbit(t, ['site', runs, '-o', output, ...args]);
}

type Test = Parameters<typeof callLowbit>[0];

function listFiles(): string[] {
  return readdirSync(output, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(output, name)).isFile())
    .sort();
}

function readPage(name: string): string {
  return readFileSync(path.join(output, name), 'utf8');
}

await makeRuns();

t.test('runs, nights and neighbours of one name become pages that lead to each other', async (t) => {
  const { status, stdout } = await build(t, '--title', 'Mine <b>');
  t.equal(status, 0);
  t.match(stdout, /index\.html: 4 runs; 5 parts rendered, 0 unchanged, 0 removed, 0 left out/);
  const files = listFiles();
  t.ok(files.includes('runs/other-20310103000000/report.html'));
  t.ok(files.includes('runs/small-20310102030405/report.html'), 'of two copies one');
  t.ok(files.includes('runs/nightly-20310104030000/night.html'));
  t.equal(files.filter((file) => file.startsWith('differences/')).length, 1);
  t.match(readPage('index.html'), '<h1>Mine &lt;b&gt;</h1>');
  let links = 0;
  for (const page of files.filter((file) => file.endsWith('.html'))) {
    const html = readPage(page);
    t.match(html, `http-equiv="Content-Security-Policy" content="default-src 'none'`, `${page} has its policy`);
    t.notMatch(html, base, `${page} says nothing of where it was made`);
    t.notMatch(html, / on[a-z]+="/, `${page} has no handlers in its markup`);
    for (const [, link = ''] of html.matchAll(/href="([^"]*)"/g)) {
      const [target = '', anchor] = link.replaceAll('&#x3D;', '=').split('#');
      if (target === 'data:,') continue;
      const place = target === '' ? page : path.join(path.dirname(page), target);
      if (!files.includes(place)) t.fail(`${page} leads to ${link}`);
      else if (anchor && !anchor.startsWith('a=') && !readPage(place).includes(`id="${anchor}"`))
        t.fail(`${page}: no ${link}`);
      links++;
    }
  }
  t.ok(links > 100, `${links} links`);
});

t.test('a link of a night that leads out of the site is none', (t) => {
  t.notMatch(readPage('runs/nightly-20310104030000/night.html'), 'somewhere/else');
  t.match(readPage('runs/nightly-20310104030000/night.html'), '<a href="../../index.html">');
  t.end();
});

t.test('nothing changed: nothing is rendered, the files are the same', async (t) => {
  const before = listFiles().map((file) => [file, statSync(path.join(output, file)).mtimeMs]);
  const { stdout } = await build(t, '--title', 'Mine <b>');
  t.match(stdout, '0 parts rendered, 5 unchanged');
  const after = new Map(listFiles().map((file) => [file, statSync(path.join(output, file)).mtimeMs]));
  const lists = ['index.html', 'compare.html', 'site.json'];
  t.same(
    before.filter(([file, time]) => after.get(String(file)) !== time && !lists.includes(String(file))),
    [],
  );
});

t.test('a changed run, a lost page and a page that a killed build left: these alone are made again', async (t) => {
  const files = ['two', 'copy-of-two'].map((folder) => path.join(runs, folder, 'manifest.json'));
  for (const file of files) writeFileSync(file, readFileSync(file, 'utf8').replace('"title"', '"notes2":[],"title"'));
  t.match((await build(t)).stdout, '2 parts rendered, 3 unchanged', 'the run and its page of two');
  rmSync(path.join(output, 'runs/other-20310103000000/report.md'));
  t.match((await build(t)).stdout, '1 parts rendered, 4 unchanged');
  const state = JSON.parse(readPage('site.json')) as { parts: Record<string, { digest: string }> };
  Object.assign(state.parts['run nightly-20310104030000'] ?? {}, { digest: '' });
  writeFileSync(path.join(output, 'site.json'), JSON.stringify(state));
  t.match((await build(t)).stdout, '1 parts rendered, 4 unchanged');
});

t.test('what is gone goes, what is not of the site stays', async (t) => {
  writeFileSync(path.join(output, 'CNAME'), 'runs.example\n');
  for (const each of ['two', 'copy-of-two']) rmSync(path.join(runs, each), { recursive: true });
  const { stdout } = await build(t);
  t.match(stdout, '3 runs; 0 parts rendered, 3 unchanged, 2 removed');
  t.notOk(listFiles().some((file) => file.includes('20310102030405')));
  t.notOk(existsSync(path.join(output, 'differences')), 'no empty folder stays');
  t.equal(readPage('CNAME'), 'runs.example\n');
});

t.test('runs that cannot be read are named and left out; a broken cell costs the cell', async (t) => {
  copyRun('one', 'newer', { formatVersion: 99 });
  mkdirSync(path.join(runs, 'broken/cells'), { recursive: true });
  writeFileSync(path.join(runs, 'broken/manifest.json'), '{"formatVersion":');
  copyRun('one', 'torn', { name: 'torn', created: '2031-01-06T00:00:00.000Z' });
  writeFileSync(path.join(runs, 'torn/verdict.json'), '{"formatVersion":1,"counts":');
  copyRun('one', 'half', { name: 'half', created: '2031-01-05T00:00:00.000Z' });
  const [cell = ''] = readdirSync(path.join(runs, 'half/cells'));
  writeFileSync(path.join(runs, 'half/cells', cell), '{}');
  const { status, stdout, stderr } = await build(t);
  t.equal(status, 0);
  t.match(stdout, '5 runs; 2 parts rendered, 3 unchanged, 0 removed, 4 left out');
  t.match(stderr, /Left out .*newer: .*format version 1 or before, got 99/);
  const html = readPage('index.html');
  t.match(html, /<b>Left out<\/b> <span>[^<]*broken: /);
  t.match(html, '1 without a result yet');
  t.match(html, /<b>Left out<\/b> <span>[^<]*torn: Expected [^<]*verdict\.json to be the outcome of a night/);
  t.match(html, 'href="runs/torn-20310106000000/report.html"', 'its run is there');
  t.notMatch(html, base);
});

t.test('bad input: what is not there, what is no site, a record that was tampered with', async (t) => {
  const empty = path.join(base, 'empty');
  mkdirSync(empty);
  t.match(await callLowbit(t, ['site', empty, '-o', output]), { status: 2, stderr: /Expected runs at or below/ });
  t.match(await callLowbit(t, ['site', path.join(base, 'none'), '-o', output]), {
    status: 2,
    stderr: /RUN_UNREADABLE/,
  });
  t.match(await callLowbit(t, ['site', runs, '-o', runs]), { status: 2, stderr: /Expected an empty folder or a site/ });
  const precious = path.join(base, 'precious.txt');
  writeFileSync(precious, 'x');
  const parts = { x: { digest: 'x', files: ['../precious.txt'] } };
  writeFileSync(path.join(output, 'site.json'), JSON.stringify({ formatVersion: 1, parts }));
  t.match(await build(t), { status: 2, stderr: /Expected .*site\.json to be what lowbit site left there/ });
  t.ok(existsSync(precious));
});

t.test('one build at a time; a lock that was cut off holds nobody up', async (t) => {
  rmSync(output, { recursive: true });
  await callLowbit(t, ['site', path.join(runs, 'one'), '-o', output]);
  t.notOk(existsSync(path.join(output, 'site.lock')));
  const release = await lockRun(path.join(output, 'site.lock'));
  t.match(await callLowbit(t, ['site', path.join(runs, 'one'), '-o', output]), { status: 2, stderr: /RUN_LOCKED/ });
  await release();
  writeFileSync(path.join(output, 'site.lock'), 'a writer that was cut off');
  t.match(await callLowbit(t, ['site', path.join(runs, 'one'), '-o', output]), { status: 0, stdout: /1 unchanged/ });
});
