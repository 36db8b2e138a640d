import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Reproduction } from '@lowbit/core';
import { findTable } from '@lowbit/papers';
import { formatReproduction } from '../src/reproduction-text.js';
import { callLowbit } from './call-lowbit.js';
import { runLowbit } from './run-lowbit.js';

t.setTimeout(240_000);

const table = findTable('stories260k');

/** Times at which the cells below a folder were written, by file. */
async function cellTimes(folder: string): Promise<Record<string, number>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /cells\/[0-9a-f]{64}\.json$/.test(name));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).mtimeMs] as const)),
  );
}

t.test(
  'the stand-in on the embedded model: interrupted, gone on, within its tolerances, never computed twice',
  async (t) => {
    const run = join(t.testdir(), 'run');
    const patterns = ['full perplexity', 'RTN', 'gptq-paper-* perplexity', 'SmoothQuant'];
    const args = ['reproduce', table.name, '-o', run, ...patterns.flatMap((pattern) => ['--rows', pattern])];
    const stopped = await runLowbit(args, { signal: { name: 'SIGINT', after: '[3/3]' } });
    t.equal(stopped.status, 130, stopped.stderr.slice(-500));
    t.match(stopped.stderr, /The same command goes on from there/);
    const before = await cellTimes(run);
    const ended = await runLowbit([...args, '--strict']);
    t.equal(ended.status, 0, ended.stdout + ended.stderr.slice(-500));
    const all = await cellTimes(run);
    t.match(all, before, 'what was there is kept');
    const rows = 6;
    t.equal(Object.keys(all).length, rows);
    t.match(ended.stdout, `${rows} rows: ${rows} within their tolerance.`);
    t.match(ended.stdout, /^Stand-in: .* \(no values of a paper\)\n/);
    t.same((await readdir(run)).filter((name) => name.startsWith('reproduction.')).sort(), [
      'reproduction.csv',
      'reproduction.html',
      'reproduction.json',
      'reproduction.md',
      'reproduction.tex',
    ]);
    t.match(await readFile(join(run, 'reproduction.html'), 'utf8'), /Lowbit stand-in: no values of a paper/);

    const [first] = table.rows as unknown as [{ expected: number }];
    const { expected } = first;
    t.teardown(() => void (first.expected = expected));
    first.expected = expected * 1.01;
    const broken = await callLowbit(t, [...args, '--json']);
    t.equal(broken.status, 0, 'a row outside is no failure');
    const reproduction = JSON.parse(broken.stdout) as Reproduction;
    t.ok(reproduction.isStandIn);
    t.equal(reproduction.rows[0]?.verdict, 'outside');
    t.equal(reproduction.rows.filter(({ verdict }) => verdict === 'within').length, rows - 1);
    const strict = await callLowbit(t, [...args, '--strict']);
    t.equal(strict.status, 1);
    t.match(strict.stdout, /1 outside \(full of lowbit\/stories260k\)/);
    t.same(await cellTimes(run), all, 'no cell was computed again');
  },
);

t.test('what is absent: rows stay, sizes are known, nothing is computed', async (t) => {
  const folder = t.testdir({ models: {}, data: {} });
  const args = ['reproduce', 'gptq-t3', '--models', join(folder, 'models'), '--data', join(folder, 'data')];
  const { status, stdout } = await callLowbit(t, [...args, '-o', join(folder, 'run'), '--strict']);
  t.equal(status, 0);
  t.match(stdout, /27 rows: 27 not run\./);
  t.match(stdout, /Missing model: facebook\/opt-125m \(239 MiB\): hf download facebook\/opt-125m /);
  const dry = await callLowbit(t, [...args, '--dry-run', '--rows', 'GPTQ opt-125m']);
  t.equal(dry.status, 0);
  t.match(
    dry.stdout,
    /GPTQ, 4 bits +facebook\/opt-125m +wikitext2 perplexity +548,864 +\d+ MiB +\d+ MiB +239 MiB +[\d.]+ +no\n/,
  );
  t.match(dry.stdout, /In all at most 1,097,728 tokens, /);
});

t.test('a model that cannot be read takes only its rows with it', async (t) => {
  const folder = t.testdir({
    models: { 'opt-125m': { 'config.json': '{"model_type":"unheard"}', 'model.safetensors': '' } },
    data: { wikitext2: { 'wiki.test.raw': ' = A page = \n\n Some text . \n' } },
  });
  const args = ['reproduce', 'gptq-t3', '--models', join(folder, 'models'), '--data', join(folder, 'data')];
  const { status, stdout } = await callLowbit(t, [...args, '-o', join(folder, 'run'), '--rows', 'full']);
  t.equal(status, 3);
  t.match(stdout, /Not run: "model_type" in .* must be one of/);
  t.match(stdout, /9 rows: 9 not run\./);
});

t.test('a reason is said whole, whatever stands in it; what is absent is said once, with its size', (t) => {
  const refused = 'Expected a text of 2048 tokens, got 12; give a longer one.';
  const files = 'wikitext2/wiki.test.raw, calib/c4.utf8 not in the data folder';
  const reasons = [
    refused,
    `${refused}; ${files}`,
    files,
    `the model is not there; ${files}`,
    'the model is not there',
  ];
  const row = {
    ...{ method: 'full', model: 'm', recipe: 'float', task: 'wikitext2', metric: 'perplexity', expected: 5 },
    ...{ toleranceReason: '', source: '', notes: [], verdict: 'not run' },
  };
  const rows = reasons.map((reason) => ({ ...row, reason }));
  const text = formatReproduction({ table: 't', title: '', source: '', notes: [], rows, missing: [] } as never);
  t.same(
    text.split('\n').filter((line) => line.startsWith('Not run')),
    [`Not run: ${refused}`],
  );
  t.end();
});

t.test('bad input', async (t) => {
  const refuse = async (args: string[], message: RegExp) => {
    const { status, stderr } = await callLowbit(t, ['reproduce', ...args]);
    t.equal(status, 2);
    t.match(stderr, message);
  };
  await refuse(['gtpq-t3'], /did you mean 'gptq-t3'\?/);
  await refuse(
    ['gptq-t3', '--models', '/no/such/folder'],
    /Expected a folder of models at \/no\/such\/folder, found none/,
  );
  await refuse(['gptq-t3', '--rows', 'nothing'], /Expected rows of gptq-t3 that match 'nothing', got none/);
});

t.test('list names every table, what it covers and what it needs', async (t) => {
  const { stdout } = await callLowbit(t, ['reproduce', 'list']);
  t.match(stdout, /gptq-t3 +27 of 27 /);
  t.match(stdout, /stories260k .*stand-in: our own values/);
  const listed = JSON.parse((await callLowbit(t, ['reproduce', 'list', '--json'])).stdout) as {
    name: string;
    models: string[];
    covered: number;
    reasons: string[];
  }[];
  t.same(listed.find(({ name }) => name === 'aqlm-readme')?.models, []);
  t.match(listed.find(({ name }) => name === 'aqlm-readme')?.reasons[0], 'AQLM');
});
