import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { findRuns, readRuns } from '@lowbit/core/store';
import type { Columns, Database, Value } from './duckdb.js';
import { describeRun } from './index-rows.js';
import { tables } from './index-schema.js';
import type { RecordOf } from './index-schema.js';

/** What the disk has that the index has not, and the other way round. Folders are as the index names them. */
export interface Difference {
  /** New to the index's list of places. */
  folders: string[];
  read: { folder: string; signature: string }[];
  dropped: string[];
}

/** Looked at one by one in each comparison: a matter of 50 ms. */
const mostCells = 10_000;

export interface IndexNames {
  /** As in the index: relative to it, with plain slashes. */
  toName: (path: string) => string;
  toPath: (name: string) => string;
}

/** Folders are kept relative to the index, so that both can be moved together. */
export function namesOf(index: string): IndexNames {
  const home = dirname(resolve(index));
  return {
    toName: (path) => relative(home, resolve(path)).split(sep).join('/') || '.',
    toPath: (name) => resolve(home, name),
  };
}

/**
 * Compares the runs below the known folders with the index (undefined: there is none): every file of the newest runs, up to `most`
 * cells, and manifest and folder of the others, whose time changes with every file that is put there. Throws RUN_UNREADABLE where
 * one of `folders` is not there.
 */
export async function compareWithDisk(
  database: Database | undefined,
  folders: readonly string[],
  { toName, toPath }: IndexNames,
  most = mostCells,
): Promise<Difference> {
  const known = (await database?.query('SELECT path FROM folders'))?.lines.map(([path]) => String(path)) ?? [];
  const added = [...new Set(folders.map(toName))].filter((name) => !known.includes(name));
  // A folder that is gone for today stays in the list: it may come back.
  const there = known.filter((name) => isFolder(toPath(name))).map(toPath);
  const runs = await findRuns([...added.map(toPath), ...there]);
  const indexed = await database?.query('SELECT folder, signature, cells FROM runs ORDER BY created DESC');
  const present = new Map(runs.map((path) => [toName(path), path]));
  const [read, dropped]: [Difference['read'], string[]] = [[], []];
  let looked = 0;
  for (const line of indexed?.lines ?? []) {
    const [folder, known] = [String(line[0]), String(line[1])];
    const path = present.get(folder);
    present.delete(folder);
    if (path === undefined) dropped.push(folder);
    else {
      const isNear = looked < most;
      looked += Number(line[2] ?? 0);
      if (isSigned(path, known, isNear)) continue;
      read.push({ folder, signature: signRun(path) });
    }
  }
  for (const [folder, path] of present) read.push({ folder, signature: signRun(path) });
  return { folders: added, read, dropped };
}

export function isSame({ folders, read, dropped }: Difference): boolean {
  return folders.length === 0 && read.length === 0 && dropped.length === 0;
}

/** Reads what is new or changed and drops what is gone; to be run inside a transaction. */
export async function applyDifference(
  database: Database,
  { folders, read, dropped }: Difference,
  { toPath }: IndexNames,
  onRun: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  for (const path of folders) await database.run('INSERT INTO folders VALUES ($path)', { path });
  const old = await database.query('SELECT count(*) FROM runs');
  if (old.lines[0]?.[0] !== 0)
    for (const folder of [...dropped, ...read.map((each) => each.folder)])
      for (const table of ['rows', 'runs', 'facts', 'leftOut'])
        await database.run(`DELETE FROM ${table} WHERE folder = $folder`, { folder });
  const knownLayers = new Set((await database.query('SELECT DISTINCT layersDigest FROM artifactLayers')).lines.flat());
  const writers = {
    rows: await openWriter(database, 'rows'),
    runs: await openWriter(database, 'runs'),
    artifactLayers: await openWriter(database, 'artifactLayers'),
    facts: await openWriter(database, 'facts'),
    leftOut: await openWriter(database, 'leftOut'),
  };
  for (const [i, { folder, signature }] of read.entries()) {
    // One at a time: a run is let go before the next is read.
    const { runs, leftOut } = await readRuns([toPath(folder)]);
    const [run] = runs;
    const {
      run: record,
      rows,
      layers,
      facts,
    } = run
      ? describeRun(run, leftOut, { folder, signature })
      : { run: unreadRun(folder, signature), rows: [], layers: new Map<string, never[]>(), facts: [] };
    writers.runs.add(record);
    for (const row of rows) writers.rows.add(row);
    for (const fact of facts) writers.facts.add(fact);
    for (const [digest, list] of layers)
      if (!knownLayers.has(digest)) {
        knownLayers.add(digest);
        for (const layer of list) writers.artifactLayers.add(layer);
      }
    for (const { reason } of leftOut) writers.leftOut.add({ folder, reason });
    onRun(i + 1, read.length);
  }
  for (const writer of Object.values(writers)) writer.close();
  await database.run(
    'DELETE FROM artifactLayers WHERE layersDigest NOT IN (SELECT layersDigest FROM rows WHERE layersDigest IS NOT NULL)',
  );
}

/** A run whose manifest cannot be read: known, so that it is read again only when its files change. */
function unreadRun(folder: string, signature: string): RecordOf<typeof tables.runs> {
  const none = Object.fromEntries(Object.keys(tables.runs).map((column) => [column, undefined]));
  return { ...(none as RecordOf<typeof tables.runs>), folder, signature };
}

async function openWriter<T extends keyof typeof tables>(
  database: Database,
  table: T,
): Promise<{ add: (record: RecordOf<(typeof tables)[T]>) => void; close: () => void }> {
  const columns: Columns = tables[table];
  const names = Object.keys(columns);
  const { add, close } = await database.append(table, columns);
  return { add: (record) => add(names.map((name) => (record as Record<string, Value>)[name])), close };
}

/** What tells that a run's files were written: of the manifest and the folder of cells, then of each cell. */
function signRun(folder: string): string {
  return `${signFolder(folder)} ${signCells(folder)}`;
}

function isSigned(folder: string, signature: string, isNear: boolean): boolean {
  return isNear ? signRun(folder) === signature : signature.startsWith(`${signFolder(folder)} `);
}

function signFolder(folder: string): string {
  return digestFiles([join(folder, 'manifest.json'), join(folder, 'cells')]);
}

/** Also when one was written in place, which the folder's time does not tell. */
function signCells(folder: string): string {
  const path = join(folder, 'cells');
  // It may be removed at this moment.
  const names = isFolder(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
  return digestFiles(names.sort().map((name) => join(path, name)));
}

function digestFiles(paths: readonly string[]): string {
  const marks = paths.map((path) => {
    const { mtimeMs, size, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
    return `${basename(path)} ${mtimeMs} ${size} ${ino}`;
  });
  return createHash('sha256').update(marks.join('\n')).digest('hex').slice(0, 32);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
