import { dirname } from 'node:path';
import { findRuns, LowbitError, reasonOf } from '@lowbit/core/store';
import type { Database, Table } from './duckdb.js';
import { firstLine, isDamage, openIndex, setAside, writeIndex } from './index-file.js';
import { applyDifference, compareWithDisk, isFolder, isSame, namesOf } from './index-refresh.js';
import type { Difference } from './index-refresh.js';

export interface HistoryOptions {
  /** The index's file; runs are looked for where it lies, unless it knows other places. */
  index: string;
  /** Places that it learns, folders of runs or runs. */
  folders?: readonly string[] | undefined;
  /** Built from nothing but the run files. */
  anew?: boolean | undefined;
  /** Whether to wait for another writer and to look at every file; else the index as it was may have to do. */
  isPatient?: boolean | undefined;
  /** Sentences for the reader. */
  say?: ((note: string) => void) | undefined;
  onRun?: ((done: number, total: number) => void) | undefined;
}

/** Milliseconds to wait for another writer: of a query, which can do without its own refresh, and of one that cannot. */
const patience = { query: 3000, writer: 600_000 };

/** Runs over time: an index over run files, brought up to date when it is opened. */
export class HistoryIndex {
  #database: Database | undefined;

  private constructor(
    readonly options: HistoryOptions,
    /** What opening it read anew and dropped. */
    readonly changed: { read: number; dropped: number },
    database: Database,
  ) {
    this.#database = database;
  }

  /** Throws RUN_UNREADABLE where there are no runs, HISTORY_INDEX, and RUN_LOCKED where another process writes for too long. */
  static async open(options: HistoryOptions): Promise<HistoryIndex> {
    const { changed, database } = await refresh(options);
    return new HistoryIndex(options, changed, database);
  }

  /**
   * An answer from the tables and views `rows`, `runs`, `layers`, `changes`, `leftOut`; nothing else can be reached. An index
   * that turns out to be damaged is built anew. Throws HISTORY_QUERY.
   */
  async query(sql: string, values: Record<string, string | number> = {}): Promise<Table> {
    try {
      return await this.#read(sql, values);
    } catch (error) {
      if (!isDamage(error)) throw refused(error);
      this.close();
      this.#database = (await refresh(this.options, firstLine(reasonOf(error)))).database;
      return this.#read(sql, values).catch((again: unknown) => Promise.reject(refused(again)));
    }
  }

  /** What is not in the index, though it lies in its folders. */
  async leftOut(): Promise<{ folder: string; reason: string }[]> {
    const { lines } = await this.query('SELECT folder, reason FROM leftOut ORDER BY folder, reason');
    return lines.map(([folder, reason]) => ({ folder: String(folder), reason: String(reason) }));
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  async #read(sql: string, values: Record<string, string | number>): Promise<Table> {
    if (this.#database === undefined) throw new LowbitError('INTERNAL', 'The history is closed.');
    return this.#database.query(sql, values);
  }
}

function refused(error: unknown): LowbitError {
  const reason = firstLine(reasonOf(error)).replace(/\.$/, '');
  return new LowbitError('HISTORY_QUERY', `Expected a query that the index can answer, got: ${reason}; correct it.`, {
    cause: error,
  });
}

interface Refreshed {
  changed: { read: number; dropped: number };
  database: Database;
}

/** `damage`: what is known to be wrong with the index, though it can be opened. */
async function refresh(options: HistoryOptions, damage?: string): Promise<Refreshed> {
  const { index, folders = [], anew = false, isPatient = false, say = () => undefined } = options;
  const names = namesOf(index);
  const state = damage === undefined ? await openIndex(index) : undefined;
  if (state?.kind === 'newer' && !anew) throw state.error;
  if (state?.kind === 'absent') await requireRuns(folders, index);
  const isUsable = state?.kind === 'open' && !state.isOld && !anew;
  if (state?.kind === 'open' && !isUsable) state.database.close();
  const database = isUsable ? state.database : undefined;
  try {
    if (database) {
      const difference = await compareWithDisk(database, folders, names, isPatient ? Infinity : undefined);
      if (isSame(difference)) return { changed: { read: 0, dropped: 0 }, database };
    }
    const changed = await update(options, database !== undefined && !isPatient, damage);
    database?.close();
    return { changed, database: await reopen(index) };
  } catch (error) {
    if (error instanceof LowbitError && error.code === 'RUN_LOCKED' && database && !isPatient) {
      say(`Another process writes ${index}; this is what it held before.`);
      return { changed: { read: 0, dropped: 0 }, database };
    }
    if (database && isDamage(error)) {
      database.close();
      return refresh(options, firstLine(reasonOf(error)));
    }
    database?.close();
    throw error;
  }
}

async function update(
  { index, folders = [], anew = false, isPatient = false, say = () => undefined, onRun }: HistoryOptions,
  isHasty: boolean,
  damage: string | undefined,
): Promise<{ read: number; dropped: number }> {
  const names = namesOf(index);
  let known: string[] = [];
  const decide = async (): Promise<'copy' | 'empty'> => {
    const state = await openIndex(index);
    if (state.kind === 'newer' && !anew) throw state.error;
    if (state.kind === 'absent' || state.kind === 'newer') return 'empty';
    const reason = state.kind === 'damaged' ? state.reason : damage;
    if (state.kind === 'open') {
      // Of a damaged index as well, its places may still be readable.
      const paths = await state.database.query('SELECT path FROM folders').catch(() => undefined);
      known = paths?.lines.map(([path]) => names.toPath(String(path))) ?? [];
      state.database.close();
      if (reason === undefined) return anew || state.isOld ? 'empty' : 'copy';
    }
    const aside = await setAside(index);
    say(`${index} cannot be read (${reason}); it is kept as ${aside}, and the index is built anew from the run files.`);
    return 'empty';
  };
  return writeIndex(index, { wait: isHasty ? patience.query : patience.writer, decide }, async (database) => {
    const places = [...known.filter(isFolder), ...folders];
    const isNew = (await database.query('SELECT path FROM folders')).lines.length === 0;
    const difference: Difference = await compareWithDisk(
      database,
      isNew && places.length === 0 ? [dirname(index)] : places,
      names,
      isPatient ? Infinity : undefined,
    );
    await applyDifference(database, difference, names, onRun);
    return { read: difference.read.length, dropped: difference.dropped.length };
  });
}

async function reopen(index: string): Promise<Database> {
  const state = await openIndex(index);
  if (state.kind === 'open') return state.database;
  throw new LowbitError('HISTORY_INDEX', `Expected ${index} to be the index just written, but it is gone; try again.`);
}

/** Before an index is made: a mistyped folder should not get one. */
async function requireRuns(folders: readonly string[], index: string): Promise<void> {
  const places = folders.length > 0 ? folders : [dirname(index)];
  const runs = await findRuns(places);
  if (runs.length === 0)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected runs in ${places.join(', ')}, found none; name a folder that holds what lowbit run wrote.`,
    );
}
