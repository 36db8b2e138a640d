import { cp, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError } from '../errors.js';
import { writeAtomic } from '../store/atomic-write.js';
import { readRun, readSamples } from '../store/read-run.js';
import type { CellResult } from '../store/types.js';
import { toDocument, toSampleLines } from './to-document.js';

export interface HarnessExport {
  /** Folders written, one for each model and recipe. */
  folders: string[];
  /** What was left out and why. */
  notes: string[];
}

/**
 * A run as lm-evaluation-harness's files, `MODEL__RECIPE/results_DATE.json` and `samples_TASK_DATE.jsonl`, below `output`.
 * Cells that were imported go out as the files that they came from. RUN_UNREADABLE, EXPORT_REFUSED without a finished cell.
 */
export async function exportHarnessFiles(run: string, output: string): Promise<HarnessExport> {
  const { manifest, cells } = await readRun(run);
  const done = cells.filter(({ status }) => status === 'done');
  const result: HarnessExport = { folders: [], notes: [] };
  if (done.length === 0)
    throw new LowbitError('EXPORT_REFUSED', `Expected finished cells in ${run}, found none; let the run finish first.`);
  for (const { recipe, task } of cells.filter(({ status }) => status === 'failed'))
    result.notes.push(`${task} of ${recipe} failed and is left out`);
  const names = new Map<string, string>();
  for (const row of groupCells(done)) {
    const [{ model, recipe }] = row as [CellResult];
    const name = `${model}__${recipe}`.replace(/["<>:/|\\?*[\]]+/g, '__');
    if (names.has(name))
      throw new LowbitError(
        'EXPORT_REFUSED',
        `Expected a folder name for each recipe, but ${recipe} and ${names.get(name)} both give ${name}; rename one.`,
      );
    names.set(name, recipe);
    const folder = join(output, name);
    await mkdir(folder, { recursive: true });
    for (const source of new Set(row.flatMap(({ origin }) => origin?.folder ?? [])))
      await cp(await requireFolder(join(run, source)), folder, { recursive: true, errorOnExist: true, force: false });
    const own = row.filter(({ origin }) => origin === undefined);
    if (own.length > 0) await writeFiles(run, folder, toDocument(manifest, own), own);
    result.folders.push(folder);
  }
  return result;
}

async function writeFiles(
  run: string,
  folder: string,
  { document, date }: ReturnType<typeof toDocument>,
  cells: readonly CellResult[],
): Promise<void> {
  for (const cell of cells) {
    const samples = await readSamples(run, cell.digest);
    if (samples === undefined) continue;
    const { record } = document.lowbit.tasks[cell.task] as (typeof document.lowbit.tasks)[string];
    await writeAtomic(join(folder, `samples_${cell.task}_${date}.jsonl`), toSampleLines(samples, record.metrics));
  }
  // Last: once it is there, all of it is.
  await writeAtomic(join(folder, `results_${date}.json`), `${JSON.stringify(document, undefined, 2)}\n`);
}

function groupCells(cells: readonly CellResult[]): CellResult[][] {
  const rows = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const key = JSON.stringify([cell.model, cell.recipe]);
    rows.set(key, [...(rows.get(key) ?? []), cell]);
  }
  return [...rows.values()];
}

async function requireFolder(path: string): Promise<string> {
  if (await stat(path).catch(() => undefined)) return path;
  throw new LowbitError(
    'RUN_UNREADABLE',
    `Expected ${path} with the files that were imported, but it is not there; import them again.`,
  );
}
