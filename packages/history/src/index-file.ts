import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lockRun, LowbitError, reasonOf } from '@lowbit/core/store';
import { Database } from './duckdb.js';
import { indexVersion, schema } from './index-schema.js';

/**
 * The index is one file that is never written in place: a writer holds the lock, changes a copy and renames it over the old one.
 * A reader keeps what it opened, and a writer that is killed leaves the index as it was.
 */
export type IndexState =
  /** `isOld`: of an earlier Lowbit, to be built anew. */
  | { kind: 'open'; database: Database; isOld: boolean }
  | { kind: 'absent' }
  /** Of a later Lowbit: to be refused, or built anew. */
  | { kind: 'newer'; error: LowbitError }
  /** No index, or a damaged one: `reason` ends a sentence. */
  | { kind: 'damaged'; reason: string };

/** Opens the index as it is now, to read. Throws HISTORY_INDEX where another program holds it. */
export async function openIndex(path: string): Promise<IndexState> {
  const header = await readHeader(path);
  if (header === undefined) return { kind: 'absent' };
  if (header !== 'DUCK') return { kind: 'damaged', reason: 'it is no DuckDB file' };
  let database: Database | undefined;
  try {
    database = await Database.open(path, { readOnly: true });
    await database.confine();
    const version = Number((await database.query('SELECT version FROM lowbitIndex')).lines[0]?.[0]);
    if (version <= indexVersion) return { kind: 'open', database, isOld: version < indexVersion };
    database.close();
    const error = new LowbitError(
      'HISTORY_INDEX',
      `Expected ${path} to be an index of version ${indexVersion} or before, got ${version}, which a newer Lowbit wrote; name another file with --index, or build it anew with lowbit history rebuild.`,
    );
    return { kind: 'newer', error };
  } catch (error) {
    database?.close();
    const reason = firstLine(reasonOf(error));
    if (!/Could not set lock/.test(reason)) return { kind: 'damaged', reason };
    throw new LowbitError(
      'HISTORY_INDEX',
      `Expected to open the index ${path}, but another program holds it; close it there.`,
      {
        cause: error,
      },
    );
  }
}

/** Whether an error of a query says that the file is damaged, and not that the query is wrong. */
export function isDamage(error: unknown): boolean {
  return /^(IO|Serialization|INTERNAL|FATAL) Error/i.test(reasonOf(error));
}

export function firstLine(text: string): string {
  return text.split('\n')[0]?.trim() ?? '';
}

/**
 * Runs `work` as the only writer, on a copy of the index or on an empty one, as `decide` says once the lock is held, and puts it
 * in the index's place. Throws RUN_LOCKED after `wait` milliseconds, HISTORY_INDEX.
 */
export async function writeIndex<T>(
  path: string,
  { wait, decide }: { wait: number; decide: () => Promise<'copy' | 'empty'> },
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const release = await prepare(path, () => lockRun(`${path}.lock`, wait));
  const part = `${path}.${process.pid}.tmp`;
  try {
    await prepare(path, () => removeParts(path));
    const isEmpty = (await decide()) === 'empty';
    if (!isEmpty) await copyFile(path, part, constants.COPYFILE_FICLONE);
    const database = await Database.open(part);
    try {
      if (isEmpty) for (const statement of schema) await database.run(statement);
      await database.run('BEGIN');
      const result = await work(database);
      await database.run('COMMIT');
      await database.run('CHECKPOINT');
      database.close();
      await publish(part, path);
      return result;
    } catch (error) {
      database.close();
      throw error;
    }
  } finally {
    await removeParts(path);
    await release();
  }
}

/** Puts what is no index out of the way; the path that it has then. */
export async function setAside(path: string): Promise<string> {
  let aside = `${path}.old`;
  for (let n = 2; existsSync(aside); n++) aside = `${path}.old${n}`;
  await rename(path, aside);
  return aside;
}

async function publish(part: string, path: string): Promise<void> {
  const handle = await open(part, 'r+');
  await handle.sync().finally(() => handle.close());
  await rename(part, path);
}

/** What killed writers left: copies, and the engine's log beside them. */
async function removeParts(path: string): Promise<void> {
  const own = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)))
    if (name.startsWith(own) && /^\d+\.tmp(\.wal)?$/.test(name.slice(own.length)))
      await rm(join(dirname(path), name), { force: true });
}

async function prepare<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await work();
  } catch (error) {
    if (error instanceof LowbitError) throw error;
    throw new LowbitError(
      'HISTORY_INDEX',
      `Expected to write the index ${path}, but it cannot be (${reasonOf(error)}); name another place with --index.`,
      { cause: error },
    );
  }
}

/** The engine's mark in a file; undefined where there is nothing to lose. */
async function readHeader(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new LowbitError(
      'HISTORY_INDEX',
      `Expected to read the index ${path}, but it cannot be (${error.message}); name another place with --index.`,
    );
  });
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(12), 0, 12, 0);
    return bytesRead === 0 ? undefined : buffer.toString('latin1', 8, 12);
  } catch (error) {
    throw new LowbitError(
      'HISTORY_INDEX',
      `Expected the index ${path} to be a file, got ${reasonOf(error)}; name another with --index.`,
    );
  } finally {
    await handle.close();
  }
}
