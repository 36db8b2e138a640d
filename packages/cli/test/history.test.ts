import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aggregates as known } from '@lowbit/history';
import t from 'tap';
import { aggregates } from '../src/history-options.js';
import { parseInstant } from '../src/parse-instant.js';
import { callLowbit } from './call-lowbit.js';
import { model, runLowbit } from './run-lowbit.js';

const lines = (text: string): string[] => text.trimEnd().split('\n');

await t.test('the history of two runs: table, filters, pivot, exports', async (t) => {
  const runs = join(t.testdir(), 'runs');
  const common = ['eval', model, '--limit', '2', '--data', model, '--json', '--recipe', 'float'];
  await runLowbit([...common, '--recipe', 'rtn(bits=3)', '--tasks', 'tinystories', '-o', join(runs, 'one')]);
  await runLowbit([...common, '--tasks', 'tinystories,story_continuation', '-o', join(runs, 'two')]);
  const ask = (...args: string[]) => callLowbit(t, ['history', runs, ...args]);

  const all = await ask();
  t.equal(all.status, 0);
  t.match(lines(all.stdout)[0], /^created +run +model +recipe +task +metric +value +stderr +n +bitsPerWeight$/);
  const report = await callLowbit(t, ['report', join(runs, 'one'), '-o', join(runs, '../report'), '--format', 'csv']);
  t.equal(report.status, 0);
  const [head = '', ...records] = lines(await readFile(join(runs, '../report/report.csv'), 'utf8'));
  const csv = await ask('--format', 'csv', '--recipe', 'rtn*', '--sort', 'metric');
  const [own = '', ...ours] = lines(csv.stdout);
  const field = (names: string, line: string, name: string): string =>
    line.split(',')[names.split(',').indexOf(name)] ?? '';
  const theirs = records.filter((line) => field(head, line, 'recipe') === 'rtn(bits=3)');
  for (const name of ['metric', 'value', 'stderr', 'n', 'tokenSha256', 'cellDigest', 'bitsPerWeight', 'fingerprint'])
    t.strictSame(
      ours.map((line) => field(own, line, name)).sort(),
      theirs.map((line) => field(head, line, name)).sort(),
      `${name} is that of the report's CSV`,
    );

  const pivot = await ask('--metric', 'perplexity', '--pivot', 'recipe,folder', '--format', 'json');
  const value = (recipe: string): number =>
    Number(field(head, records.find((line) => line.includes(recipe) && line.includes('perplexity')) ?? '', 'value'));
  t.strictSame(JSON.parse(pivot.stdout), {
    rows: [
      { recipe: 'float', one: value('float'), two: value('float') },
      { recipe: 'rtn(bits=3)', one: value('rtn') },
    ],
  });
  t.equal(lines((await ask('--pivot')).stdout).length, 3, 'recipe by task without more words');
  const few = await ask('--limit', '1', '--sort', '-value', '--columns', 'recipe,value', '--format', 'md');
  t.match(few.stdout, /^\| recipe \| value \|\n\| --- \| ---: \|\n\| rtn\(bits=3\) \| [\d.]+ \|\n$/);
  t.match(few.stderr, /1 of \d+ rows/);
  t.match(await ask('--task', 'none'), { status: 0, stderr: /no row fits/ });
  t.match(await ask('--sql', 'SELECT count(*) AS runs FROM runs'), { stdout: 'runs\n2\n' });

  const file = join(runs, '../out/history.parquet');
  t.equal((await ask('--format', 'parquet', '-o', file)).status, 0);
  t.equal((await readFile(file)).subarray(0, 4).toString(), 'PAR1');
  t.equal((await ask('--format', 'csv', '-o', join(runs, '../out/a.csv'))).stdout, '');
  t.ok(existsSync(join(runs, '../out/a.csv')));
  t.match(await callLowbit(t, ['history', 'rebuild', runs]), {
    stdout: /history\.duckdb: 2 runs, \d+ rows; 2 runs read/,
  });
  const one = await callLowbit(t, ['history', join(runs, 'one'), '--metric', 'perplexity', '--format', 'json']);
  t.equal((JSON.parse(one.stdout) as { rows: unknown[] }).rows.length, 2, 'of the run that is named');
  t.notOk(existsSync(join(runs, 'one/history.duckdb')), 'an index lies beside a run, not in it');
  const index = join(runs, '../index.duckdb');
  t.match(await callLowbit(t, ['history', 'add', join(runs, 'one'), '--index', index]), { stdout: /: 1 runs, / });
  t.equal(lines((await callLowbit(t, ['history', '--index', index, '--metric', 'perplexity'])).stdout).length, 3);
});

await t.test('odd names come out inert in every format; a broken cell is named', async (t) => {
  const folder = t.testdir();
  const odd = ['=cmd|calc', '<img src=x>', '`|\u001b[2J', '__proto__'];
  const key = { digest: 'd', model: odd[1], recipe: odd[0], task: odd[2] };
  const row = { metric: 'acc', value: 0.5, n: 2, higherIsBetter: true, bitsPerWeight: 4, seconds: 1 };
  const counts = { documents: 2, tokens: 3, computedTokens: 3, tokenSha256: 's' };
  const cell = { ...{ formatVersion: 1, status: 'done', counts, layers: [], peakMemoryBytes: 1 }, ...key };
  const manifest = {
    ...{
      formatVersion: 1,
      name: odd[0],
      title: 't',
      notes: [],
      created: '2026-11-01',
      planDigest: '',
      environment: {},
    },
    ...{ models: [{ name: odd[1] }], recipes: [{ name: odd[0], steps: [] }], tasks: [{ name: odd[2], metrics: [] }] },
    cells: [key, { ...key, task: odd[3], digest: 'p' }, { ...key, task: 'other', digest: 'e' }],
  };
  const runs = join(folder, 'runs');
  await mkdir(join(runs, 'cells'), { recursive: true });
  await writeFile(join(runs, 'manifest.json'), JSON.stringify(manifest));
  const seconds = { quantize: 0, load: 0, score: 0 };
  await writeFile(join(runs, 'cells/d.json'), JSON.stringify({ ...cell, rows: [row], seconds }));
  await writeFile(join(runs, 'cells/p.json'), JSON.stringify({ ...cell, digest: 'p', rows: [row], seconds }));
  await writeFile(join(runs, 'cells/e.json'), '{"formatVersion":1,');
  const index = ['--index', join(folder, 'history.duckdb')];
  const ask = (...args: string[]) => callLowbit(t, ['history', runs, ...index, ...args]);
  const table = await ask();
  t.match(table, { status: 0, stderr: /left out: Expected .*e\.json to be a file of a run/ });
  t.match(table.stdout, /unreadable/, 'a cell that is left out has its line');
  t.notMatch(table.stdout, '\u001b');
  t.match(table.stdout, '\\u001b[2J');
  for (const pivot of [[], ['--pivot', 'task,recipe']]) {
    const csv = await ask('--format', 'csv', ...pivot);
    t.match(csv.stdout, "'=cmd|calc");
    t.notMatch(csv.stdout, /(^|,)=cmd/m);
    const md = await ask('--format', 'md', ...pivot);
    t.notMatch(md.stdout, /[^\\](<img|\|calc)/);
  }
  const pivot = await ask('--pivot', 'recipe,task', '--format', 'json');
  t.match(pivot.stdout, '"__proto__":0.5');
  t.match(pivot.stderr, /1 cells have no figure/);
  t.equal((await ask('--recipe', odd[0] ?? '', '--metric', '*')).stdout.split('\n').length, 4);
});

await t.test('bad input is one sentence', async (t) => {
  const folder = t.testdir({ empty: {} });
  const cases: [string[], RegExp][] = [
    [[join(folder, 'absent')], /RUN_UNREADABLE.*found none/],
    [[join(folder, 'empty')], /RUN_UNREADABLE.*found none/],
    [['--format', 'parquet'], /USAGE.*name one with -o/],
    [['--sql', ' '], /USAGE.*got nothing/],
    [['--format', 'xml'], /USAGE.*table, csv/],
    [['--aggregate', 'sum'], /USAGE/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = await callLowbit(t, ['history', ...args]);
    t.equal(status, 2, args.join(' '));
    t.match(stderr, message);
  }
  t.notOk(existsSync(join(folder, 'empty/history.duckdb')));
});

await t.test('times', (t) => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const cases: [string, 'begin' | 'end', string][] = [
    ['2026-11-22', 'begin', '2026-11-22T00:00:00.000'],
    ['2026-11-22', 'end', '2026-11-23T00:00:00.000'],
    ['2026-11-22T10:30', 'end', '2026-11-22T10:30:00.000'],
    ['2026-11-22T10:30+02:00', 'begin', '2026-11-22T08:30:00.000'],
    ['12h', 'begin', '2026-11-22T00:00:00.000'],
    ['2w', 'begin', '2026-11-08T12:00:00.000'],
  ];
  for (const [text, side, expected] of cases) t.equal(parseInstant(text, side, now), expected, text);
  for (const text of ['', 'yesterday', '2026-13-40', '7x', "'; DROP TABLE rows"])
    t.throws(() => parseInstant(text, 'begin', now), { code: 'USAGE' }, text);
  t.strictSame(aggregates, known, "the program's list is the engine's");
  t.end();
});
