import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { HistoryIndex } from '@lowbit/history';
import { makeRun } from './make-runs.js';

const script = fileURLToPath(new URL('fixtures/add.mjs', import.meta.url));

/** A writer that stays in the middle of its work; tap's loaders would double its time. */
function startWriter(index: string, folder: string, stay = 0): ChildProcess {
  return fork(script, [index, folder, String(stay)], { env: { ...process.env, NODE_OPTIONS: '' }, execArgv: [] });
}

async function untilReading(child: ChildProcess): Promise<void> {
  const [message] = (await once(child, 'message')) as [unknown];
  if (message !== 'reading') throw new Error(`Expected the writer to be reading, got ${String(message)}.`);
}

async function countRows(index: string): Promise<{ rows: unknown; notes: string[] }> {
  const notes: string[] = [];
  const history = await HistoryIndex.open({ index, say: (note) => notes.push(note) });
  const { lines } = await history.query('SELECT count(*) FROM rows');
  history.close();
  return { rows: lines[0]?.[0], notes };
}

async function makeFolders(folder: string, names: readonly string[]): Promise<string[]> {
  const made = names.map((name) => join(folder, name));
  for (const [i, path] of made.entries())
    await makeRun(join(path, 'run'), { name: path, created: `2026-11-0${i + 1}T00:00:00.000Z` });
  return made;
}

t.test('writers at once: each adds its runs, none is lost', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'index/history.duckdb');
  const places = await makeFolders(folder, ['a', 'b', 'c', 'd']);
  const writers = places.map((place) => startWriter(index, place, 100));
  const statuses = await Promise.all(writers.map((writer) => once(writer, 'exit')));
  t.strictSame(
    statuses.map(([status]) => status as number),
    [0, 0, 0, 0],
  );
  t.strictSame(await countRows(index), { rows: 24, notes: [] });
  t.strictSame(await readdir(dirname(index)), ['history.duckdb'], 'neither a lock nor a copy is left');
});

t.test('a reader meanwhile sees the index as it was, and says so', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'history.duckdb');
  const [a = '', b = ''] = await makeFolders(folder, ['a', 'b']);
  (await HistoryIndex.open({ index, folders: [a] })).close();
  const writer = startWriter(index, b, 6000);
  const exit = once(writer, 'exit');
  await untilReading(writer);
  t.strictSame(await countRows(index), { rows: 6, notes: [] }, 'with nothing to add it does not even wait');
  await makeRun(join(a, 'more'), { name: 'more', created: '2026-11-09T00:00:00.000Z' });
  const hasty = await countRows(index);
  t.equal(hasty.rows, 6);
  t.match(hasty.notes, [/Another process writes .*history\.duckdb; this is what it held before/]);
  await exit;
  t.strictSame(await countRows(index), { rows: 18, notes: [] });
});

t.test('a writer that is killed leaves the index as it was', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'history.duckdb');
  const [a = '', b = ''] = await makeFolders(folder, ['a', 'b']);
  (await HistoryIndex.open({ index, folders: [a] })).close();
  const before = await readFile(index);
  const writer = startWriter(index, b, 60_000);
  await untilReading(writer);
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  const left = await readdir(folder);
  t.ok(left.includes('history.duckdb.lock') && left.some((name) => name.endsWith('.tmp')), 'it was in the middle');
  t.ok((await readFile(index)).equals(before));
  const history = await HistoryIndex.open({ index, folders: [b] });
  t.strictSame((await history.query('SELECT count(*) FROM rows')).lines, [[12]]);
  history.close();
  t.strictSame((await readdir(folder)).sort(), ['a', 'b', 'history.duckdb'], 'what it left is gone');
});

t.test('a first build that is killed is begun again', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'history.duckdb');
  await makeFolders(folder, ['a', 'b']);
  const writer = startWriter(index, folder, 60_000);
  await untilReading(writer);
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  t.strictSame(await countRows(index), { rows: 12, notes: [] });
});

t.test('a damaged or foreign index is kept aside and built anew', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'history.duckdb');
  await makeFolders(folder, ['a', 'b']);
  t.strictSame(await countRows(index), { rows: 12, notes: [] });
  const { size } = await stat(index);
  const good = join(folder, 'good');
  await copyFile(index, good);
  const garble = async (): Promise<void> => {
    const bytes = await readFile(good);
    // Past the headers: the damage shows only when the block is read.
    await writeFile(index, bytes.fill(7, 13_000));
  };
  const cases: [string, () => Promise<void>][] = [
    ['truncated in the middle', () => truncate(index, size / 2)],
    ['truncated in the header', () => truncate(index, 5000)],
    ['of other bytes', garble],
    ['a text', () => writeFile(index, 'not an index at all')],
  ];
  const kept = new Set<string>();
  for (const [name, damage] of cases) {
    await damage();
    const damaged = await readFile(index);
    const { rows, notes } = await countRows(index);
    t.equal(rows, 12, name);
    const [, aside = ''] =
      /cannot be read .* kept as (.*history\.duckdb\.old\d*), and the index is built anew/.exec(notes.join()) ?? [];
    kept.add(aside);
    t.ok((await readFile(aside)).equals(damaged), 'nothing is lost that may be another program’s');
    t.strictSame((await countRows(index)).notes, []);
  }
  t.equal(kept.size, cases.length, 'each under a name of its own');
  await truncate(index, 0);
  t.strictSame(await countRows(index), { rows: 12, notes: [] }, 'an empty file holds nothing');
});

t.test('another database, an older index, a newer index', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'history.duckdb');
  await makeFolders(folder, ['a', 'b']);
  const make = async (statements: string): Promise<void> => {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(index);
    const connection = await instance.connect();
    await connection.run(statements);
    connection.closeSync();
    instance.closeSync();
  };
  await make('CREATE TABLE mine AS SELECT 1 AS a');
  const other = await countRows(index);
  t.equal(other.rows, 12);
  t.match(other.notes, [/lowbitIndex does not exist.*kept as .*\.old/]);
  await make('UPDATE lowbitIndex SET version = 0; DROP VIEW layers; DROP TABLE rows');
  t.strictSame(await countRows(index), { rows: 12, notes: [] }, 'an older one is only built anew');
  await make('UPDATE lowbitIndex SET version = 7');
  await t.rejects(countRows(index), { code: 'HISTORY_INDEX', message: /version 1 or before, got 7.*newer Lowbit/ });
  const rebuilt = await HistoryIndex.open({ index, anew: true });
  t.strictSame((await rebuilt.query('SELECT count(*) FROM rows')).lines, [[12]]);
  rebuilt.close();
});

t.test('an index that another program holds is left to it', async (t) => {
  const folder = t.testdir();
  const index = join(folder, 'history.duckdb');
  await makeFolders(folder, ['a']);
  await countRows(index);
  const options = { env: { ...process.env, NODE_OPTIONS: '' }, execArgv: [] };
  const child = fork(fileURLToPath(new URL('fixtures/hold.mjs', import.meta.url)), [index], options);
  await once(child, 'message');
  const held = { code: 'HISTORY_INDEX', message: /another program holds it/ };
  await t.rejects(countRows(index), held);
  await t.rejects(HistoryIndex.open({ index, anew: true }), held, 'nor is it built anew beneath it');
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
  t.strictSame(await countRows(index), { rows: 6, notes: [] });
});

t.test('an index that cannot be written is said', async (t) => {
  const folder = t.testdir({ file: '' });
  const [a = ''] = await makeFolders(folder, ['a']);
  await t.rejects(HistoryIndex.open({ index: join(folder, 'file/history.duckdb'), folders: [a] }), {
    code: 'HISTORY_INDEX',
  });
  await t.rejects(HistoryIndex.open({ index: a, folders: [a] }), { code: 'HISTORY_INDEX', message: /to be a file/ });
});
