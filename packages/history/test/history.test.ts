import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { HistoryIndex, pivotRows, requireColumn, selectRows, writeParquet } from '@lowbit/history';
import type { HistoryOptions, HistoryQuery, Table } from '@lowbit/history';
import { readRuns } from '@lowbit/core';
import { Database } from '../src/duckdb.js';
import { compareWithDisk, namesOf } from '../src/index-refresh.js';
import { makeRun } from './make-runs.js';

/** Opens, asks, closes; with what was said. */
async function ask<T>(
  options: HistoryOptions,
  work: (history: HistoryIndex) => Promise<T>,
): Promise<{ answer: T; notes: string[]; changed: HistoryIndex['changed'] }> {
  const notes: string[] = [];
  const history = await HistoryIndex.open({ ...options, say: (note) => notes.push(note) });
  try {
    return { answer: await work(history), notes, changed: history.changed };
  } finally {
    history.close();
  }
}

const count = (history: HistoryIndex): Promise<unknown> =>
  history.query('SELECT count(*) FROM rows').then(({ lines }) => lines[0]?.[0]);

function toRecords({ columns, lines }: Table): Record<string, unknown>[] {
  return lines.map((line) => Object.fromEntries(columns.map(({ name }, i) => [name, line[i]])));
}

async function makeTwo(t: Test): Promise<{ folder: string; index: string }> {
  const folder = join(t.testdir(), 'runs');
  await makeRun(join(folder, 'one'), { name: 'night', created: '2026-11-20T01:00:00.000Z' });
  const value = (): number => 7;
  await makeRun(join(folder, 'nested/runs/two'), { name: 'night', created: '2026-11-21T01:00:00.000Z', value });
  return { folder, index: join(folder, 'history.duckdb') };
}

t.test('rows are those of the run files', async (t) => {
  const { folder, index } = await makeTwo(t);
  const { answer, changed } = await ask({ index }, (history) => selectRows(history, {}, { sort: ['created'] }));
  t.strictSame(changed, { read: 2, dropped: 0 });
  const records = toRecords(answer.table);
  t.equal(answer.total, 12);
  const { runs } = await readRuns([join(folder, 'one')]);
  const row = runs[0]?.cells.find(({ recipe, task }) => recipe === 'rtn' && task === 'piqa')?.rows[1];
  const found = records.find(
    (each) => each['folder'] === 'one' && each['recipe'] === 'rtn' && each['metric'] === 'accNorm',
  );
  for (const key of [
    'value',
    'stderr',
    'n',
    'bitsPerWeight',
    'precision',
    'higherIsBetter',
    'seconds',
    'model',
  ] as const)
    t.equal(found?.[key], row?.[key], key);
  t.match(found, {
    ...{ run: 'night', created: '2026-11-20T01:00:00.000Z', bits: 4, taskVersion: '1', status: 'done', fewShot: 0 },
    ...{ tokens: 5000, savedTokens: 1000, lowbit: '0.1.0', processor: 'p', secondsQuantize: 1, measured: false },
  });
  t.strictSame((await ask({ index }, count)).changed, { read: 0, dropped: 0 }, 'nothing is read twice');
});

t.test('filters: patterns, times, folders, a condition; sorted and limited', async (t) => {
  const { folder, index } = await makeTwo(t);
  const select = (query: HistoryQuery, selection = {}): Promise<number> =>
    ask({ index }, (history) => selectRows(history, query, selection)).then(({ answer }) => answer.total);
  t.equal(await select({ patterns: { task: ['wiki*'] } }), 4);
  t.equal(await select({ patterns: { task: ['wiki?ext2', 'nothing'], recipe: ['rtn'] } }), 2);
  t.equal(await select({ patterns: { recipe: ['_tn'] } }), 0, 'only * and ? are patterns');
  t.equal(await select({ patterns: { recipe: ["rtn' OR 1=1 --"] } }), 0, 'a value is no SQL');
  t.equal(await select({ since: '2026-11-21T00:00:00' }), 6);
  t.equal(await select({ until: '2026-11-21T00:00:00', since: '2026-11-20T01:00:00' }), 6);
  t.equal(await select({ folders: [join(folder, 'nested')] }), 6);
  t.equal(await select({ folders: [folder] }), 12);
  t.equal(await select({ where: "bitsPerWeight < 5 -- 'and a comment" }), 6);
  const { answer } = await ask({ index }, (history) =>
    selectRows(history, {}, { columns: ['value', 'folder'], sort: ['-value'], limit: 2 }),
  );
  t.strictSame(answer, {
    table: {
      columns: [
        { name: 'value', type: 'number' },
        { name: 'folder', type: 'text' },
      ],
      lines: [
        [21.1, 'one'],
        [21, 'one'],
      ],
    },
    total: 12,
  });
  t.throws(() => requireColumn('vlaue'), { code: 'HISTORY_QUERY', message: /did you mean 'value'/ });
  await t.rejects(select({ where: 'no such thing' }), { code: 'HISTORY_QUERY' });
});

t.test('a pivot never mixes what cannot be mixed', async (t) => {
  const { index } = await makeTwo(t);
  const pivot = (aggregate: 'latest' | 'mean' | 'min' | 'count', query: HistoryQuery = {}, value = 'value' as const) =>
    ask({ index }, (history) =>
      pivotRows(history, query, { rows: ['recipe'], columns: ['task'], value, aggregate }),
    ).then(({ answer }) => answer);
  const latest = await pivot('latest');
  t.strictSame(
    latest.table.columns.map(({ name }) => name),
    ['recipe', 'piqa acc', 'piqa accNorm', 'wikitext2 perplexity'],
  );
  t.strictSame(latest.table.lines, [
    ['float', 7, 7.1, 7],
    ['rtn', 7, 7.1, 7],
  ]);
  t.strictSame((await pivot('mean')).table.lines[0], ['float', 9, 9.1, 8.5]);
  t.strictSame((await pivot('count')).table.lines[0], ['float', 2, 2, 2]);
  t.equal((await pivot('mean')).mixed, 0);
  const { folder } = { folder: join(index, '..') };
  await makeRun(join(folder, 'three'), { name: 'other', created: '2026-11-22T01:00:00.000Z', models: ['m', 'n'] });
  const apart = await pivot('min', { patterns: { metric: ['perplexity'] } });
  t.strictSame(
    apart.table.columns.map(({ name }) => name),
    ['recipe', 'model', 'wikitext2'],
  );
  t.equal(apart.table.lines.length, 4, 'models are kept apart');
  await t.rejects(
    ask({ index }, (history) =>
      pivotRows(history, {}, { rows: ['recipe'], columns: ['task'], value: 'status', aggregate: 'mean' }),
    ),
    { code: 'HISTORY_QUERY', message: /column of numbers/ },
  );
});

t.test('what changed on the disk is read anew, what is gone is dropped', async (t) => {
  const { folder, index } = await makeTwo(t);
  await ask({ index }, count);
  const cells = join(folder, 'one/cells');
  const [name = ''] = await readdir(cells);
  const text = await readFile(join(cells, name), 'utf8');
  await writeFile(join(cells, name), text.replace(/"value": [\d.]+/, '"value": 12345'));
  const edited = await ask({ index }, (history) => history.query('SELECT count(*) FROM rows WHERE value = 12345'));
  t.strictSame([edited.changed, edited.answer.lines], [{ read: 1, dropped: 0 }, [[1]]]);
  await rm(join(folder, 'nested'), { recursive: true });
  await makeRun(join(folder, 'new'), { name: 'n', created: '2026-11-22T01:00:00.000Z', recipes: ['float'] });
  const moved = await ask({ index }, (history) => history.query('SELECT DISTINCT folder FROM rows ORDER BY folder'));
  t.strictSame([moved.changed, moved.answer.lines], [{ read: 1, dropped: 1 }, [['new'], ['one']]]);
  const away = `${folder}-moved`;
  await rename(folder, away);
  const there = await ask({ index: join(away, 'history.duckdb') }, count);
  t.strictSame([there.changed, there.answer], [{ read: 0, dropped: 0 }, 9], 'index and runs move together');
});

t.test('places outside the index are kept in it, and rebuilt from', async (t) => {
  const { folder, index } = await makeTwo(t);
  const elsewhere = join(folder, '../elsewhere');
  await makeRun(join(elsewhere, 'run'), { name: 'e', created: '2026-11-22T01:00:00.000Z' });
  t.equal((await ask({ index, folders: [folder, elsewhere] }, count)).answer, 18);
  t.equal((await ask({ index }, count)).answer, 18);
  const rebuilt = await ask({ index, anew: true }, count);
  t.strictSame([rebuilt.answer, rebuilt.changed.read], [18, 3]);
  await rename(elsewhere, `${elsewhere}-away`);
  t.equal((await ask({ index }, count)).answer, 12);
  await rename(`${elsewhere}-away`, elsewhere);
  t.equal((await ask({ index }, count)).answer, 18, 'a place that comes back');
  await t.rejects(ask({ index, folders: [join(folder, 'absent')] }, count), { code: 'RUN_UNREADABLE' });
  await mkdir(join(folder, '../empty'));
  const none = join(folder, '../empty/history.duckdb');
  await t.rejects(ask({ index: none }, count), { code: 'RUN_UNREADABLE', message: /found none/ });
  t.notOk(existsSync(none), 'no index for a mistyped folder');
});

t.test('layers, changes from run to run, and what was left out', async (t) => {
  const { folder, index } = await makeTwo(t);
  await makeRun(join(folder, 'late'), {
    name: 'night',
    created: '2026-11-22T01:00:00.000Z',
    lowbit: '0.2.0',
    tasks: ['piqa'],
  });
  const { cells } = await makeRun(join(folder, 'broken'), { name: 'b', created: '2026-11-19T01:00:00.000Z' });
  await writeFile(join(folder, 'broken/cells', `${cells[0]?.digest}.json`), '{');
  await mkdir(join(folder, 'newer/cells'), { recursive: true });
  await writeFile(join(folder, 'newer/manifest.json'), '{"formatVersion":9}');
  const { answer } = await ask({ index }, async (history) => ({
    layers: await history.query(`SELECT count(*), count(DISTINCT layer) FROM layers WHERE recipe = 'rtn'`),
    stored: await history.query('SELECT count(*) FROM artifactLayers'),
    changes: await history.query('SELECT folder, what, "of", "before", "after" FROM changes'),
    broken: await history.query(`SELECT status, error FROM rows WHERE status <> 'done'`),
    runs: await history.query('SELECT count(*) FROM runs'),
    leftOut: await history.leftOut(),
  }));
  t.strictSame(answer.layers.lines, [[8, 2]]);
  t.strictSame(answer.stored.lines, [[2]], 'once for all runs');
  const changes = answer.changes.lines.filter(([, what]) => what !== 'fingerprint');
  t.match(changes, [
    ['late', 'data', 'wikitext2.jsonl', /./, undefined],
    ['late', 'lowbit', '', '0.1.0', '0.2.0'],
    ['late', 'task', 'wikitext2', /"version":"1"/, undefined],
  ]);
  t.equal(changes.length, 3);
  t.match(answer.broken.lines, [['unreadable', /cells/]]);
  t.match(answer.leftOut, [
    { folder: 'broken', reason: new RegExp(`${cells[0]?.digest}`) },
    { folder: 'newer', reason: /got 9; read it with the newer Lowbit/ },
  ]);
  t.strictSame((await ask({ index }, count)).changed, { read: 0, dropped: 0 }, 'nor are they read again and again');
});

t.test('names are inert, and a query reaches nothing but the index', async (t) => {
  const folder = join(t.testdir(), 'runs');
  const index = join(folder, 'history.duckdb');
  const odd = [`'); DROP TABLE rows; --`, '=cmd|calc!A0', '<script>', '__proto__', '"', ''];
  await makeRun(join(folder, `it's`), { name: odd[0] ?? '', created: 'never', recipes: odd, tasks: odd });
  const { answer } = await ask({ index }, async (history) => ({
    rows: await selectRows(
      history,
      { patterns: { recipe: odd.slice(0, 1) } },
      { columns: ['recipe', 'task', 'created'] },
    ),
    pivot: await pivotRows(history, {}, { rows: ['recipe'], columns: ['task'], value: 'value', aggregate: 'latest' }),
  }));
  t.equal(answer.rows.total, 2 * odd.length);
  t.strictSame(answer.rows.table.lines[0]?.[2], undefined, 'an instant that is none');
  t.equal(answer.pivot.table.lines.length, odd.length);
  const secret = join(folder, 'secret.csv');
  await writeFile(secret, 'a\n1\n');
  for (const sql of [
    `SELECT * FROM read_csv('${secret}')`,
    `SELECT * FROM read_text('${secret}')`,
    `SELECT * FROM glob('${folder}/*')`,
    `COPY rows TO '${secret}.out'`,
    `ATTACH '${secret}.db'`,
    'DELETE FROM rows',
    'DROP TABLE rows',
    'SET enable_external_access = true',
  ])
    await t.rejects(
      ask({ index }, (history) => history.query(sql)),
      { code: 'HISTORY_QUERY' },
      sql,
    );
  t.notOk(existsSync(`${secret}.out`));
  const path = join(folder, `it's.parquet`);
  await writeParquet(answer.pivot.table, path);
  t.equal((await readFile(path)).subarray(0, 4).toString(), 'PAR1');
});

t.test('beyond a number of cells the time of their folder has to do, unless every file is asked for', async (t) => {
  const { folder, index } = await makeTwo(t);
  await ask({ index }, count);
  const cells = join(folder, 'one/cells');
  const [name = ''] = await readdir(cells);
  const path = join(cells, name);
  await writeFile(path, `${await readFile(path, 'utf8')} `);
  const database = await Database.open(index, { readOnly: true });
  const look = (most?: number): Promise<string[]> =>
    compareWithDisk(database, [], namesOf(index), most).then(({ read }) => read.map((run) => run.folder));
  t.strictSame(await look(), ['one'], 'in place, within the number');
  t.strictSame(await look(4), [], 'the newer run has its four cells');
  t.strictSame(await look(5), ['one']);
  await writeFile(`${path}.new`, '{}');
  await rename(`${path}.new`, path);
  t.strictSame(await look(0), ['one'], 'what is renamed into place shows on the folder');
  database.close();
});
