import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError, reasonOf } from '../errors.js';
import { parseCell, parseManifest, unreadable } from './run-format.js';
import type { CellKey, CellResult, Manifest } from './types.js';

export interface StoredRun {
  folder: string;
  manifest: Manifest;
  /** Those of the plan that have a result, in its order. */
  cells: CellResult[];
}

/** What of a folder of runs was not read: a whole run, or a cell of one that was. */
export interface LeftOut {
  folder: string;
  /** One sentence. */
  reason: string;
  /** Present where the rest of the run was read. */
  cell?: CellKey | undefined;
}

/** A run for a report: its plan and the cells of it that have a result. Throws RUN_UNREADABLE. */
export async function readRun(folder: string): Promise<{ manifest: Manifest; cells: CellResult[] }> {
  const manifest = await readManifest(folder);
  const cells = await Promise.all(manifest.cells.map((key) => readCell(folder, key)));
  return { manifest, cells: cells.filter((cell) => cell !== undefined) };
}

/** Runs by their folders, as far as they can be read: a run without its manifest, or a broken cell, is named and left out. */
export async function readRuns(folders: readonly string[]): Promise<{ runs: StoredRun[]; leftOut: LeftOut[] }> {
  const runs: StoredRun[] = [];
  const leftOut: LeftOut[] = [];
  for (const folder of folders) {
    const manifest = await readManifest(folder).catch((error: unknown) => reasonOf(error));
    if (typeof manifest === 'string') {
      leftOut.push({ folder, reason: manifest });
      continue;
    }
    const read = await Promise.all(
      manifest.cells.map((cell) =>
        readCell(folder, cell).catch((error: unknown): LeftOut => ({ folder, reason: reasonOf(error), cell })),
      ),
    );
    const cells: CellResult[] = [];
    for (const each of read)
      if (each === undefined) continue;
      else if ('reason' in each) leftOut.push(each);
      else cells.push(each);
    runs.push({ folder, manifest, cells });
  }
  return { runs, leftOut };
}

/**
 * Folders of the runs at or below the given ones, each once, sorted within each: what holds a manifest beside a folder of
 * cells. Runs are not looked into, nor hidden folders, links, or the store of nights. Throws RUN_UNREADABLE where a given folder is not there.
 */
export async function findRuns(folders: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of folders) {
    const isFolder = await stat(folder).then(
      (each) => each.isDirectory(),
      () => false,
    );
    if (!isFolder)
      throw new LowbitError(
        'RUN_UNREADABLE',
        `Expected a folder of runs at ${folder}, found none; name one that holds what lowbit run wrote.`,
      );
    for (const run of await listRuns(folder)) found.add(run);
  }
  return [...found];
}

async function listRuns(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const isRun =
    entries.some(({ name }) => name === 'manifest.json') &&
    entries.some((entry) => entry.name === 'cells' && entry.isDirectory());
  if (isRun) return [folder];
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  // Nights compute in a store and leave each a run of its own; what is in work is none yet.
  const isNights = folders.includes('runs') && folders.includes('store');
  const aside = ['node_modules', ...(isNights ? ['store', 'work'] : [])];
  const below = folders.filter((name) => !name.startsWith('.') && !aside.includes(name));
  const found = await Promise.all(below.sort().map((name) => listRuns(join(folder, name))));
  return found.flat();
}

/** The per-document lines of a cell, as lm-evaluation-harness writes them. */
export async function readSamples(folder: string, digest: string): Promise<string | undefined> {
  return readFile(join(folder, 'samples', `${digest}.jsonl`), 'utf8').catch(() => undefined);
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, 'manifest.json');
  const value = await readJson(path);
  if (value === undefined)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected a run with a manifest in ${folder}, found none; name a folder that lowbit run wrote.`,
    );
  return parseManifest(value, path);
}

/** A cell under the names that the plan gives it today: names are no part of its digest. */
export async function readCell(
  folder: string,
  { digest, model, recipe, task }: CellKey,
): Promise<CellResult | undefined> {
  const path = join(folder, 'cells', `${digest}.json`);
  const value = await readJson(path);
  if (value === undefined) return undefined;
  const cell = parseCell(value, path);
  if (cell.digest !== digest)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected ${path} to hold the cell of its name, but it holds ${cell.digest}; remove the file.`,
    );
  return { ...cell, model, recipe, task, rows: cell.rows.map((row) => ({ ...row, model, recipe, task })) };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unreadable(path, error.message);
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, reasonOf(cause));
  }
}
