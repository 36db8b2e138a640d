import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { findRuns, LowbitError, readRuns, reasonOf } from '@lowbit/core';
import type { Night, StoredRun } from '@lowbit/core';
import { readNight } from '@lowbit/history';
import { slugify } from '@lowbit/reports';

/** A run that goes into the site. */
export interface FoundRun extends StoredRun {
  slug: string;
  /** Of all files of the run that its pages show. */
  digest: string;
  night: Night | undefined;
}

/** Runs at or below the folders, the earliest first; those that cannot be read whole are named. */
export async function gatherRuns(
  folders: readonly string[],
): Promise<{ runs: FoundRun[]; leftOut: { folder: string; reason: string }[] }> {
  const found = await findRuns(folders);
  if (found.length === 0)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected runs at or below ${folders.join(', ')}, found none; name a folder that holds what lowbit run wrote.`,
    );
  const places = new Map(found.map((folder) => [resolve(folder), folder]));
  const wanted: string[] = [];
  for (const folder of places.values()) if (!(await isWorkingStore(folder))) wanted.push(folder);
  const { runs, leftOut } = await readRuns(wanted);
  const read = await Promise.all(
    runs.map(async (run) => {
      const night = await readNight(run.folder).catch((error: unknown) => {
        leftOut.push({ folder: run.folder, reason: reasonOf(error) });
        return undefined;
      });
      return { ...run, digest: await digestRun(run), night };
    }),
  );
  read.sort((a, b) => compare(a.manifest.created, b.manifest.created) || compare(a.folder, b.folder));
  return { runs: nameRuns(dropCopies(read)), leftOut: leftOut.map(({ folder, reason }) => hidePath(folder, reason)) };
}

/** Of a history: its nights are beside it. */
async function isWorkingStore(folder: string): Promise<boolean> {
  if (basename(resolve(folder)) !== 'store') return false;
  return stat(join(dirname(resolve(folder)), 'runs')).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Cells that were made again under the same digest, because of their measurements, are other files. */
async function digestRun({ folder, manifest }: StoredRun): Promise<string> {
  const hash = createHash('sha256');
  const files = manifest.cells.flatMap(({ digest }) => [`cells/${digest}.json`, `samples/${digest}.jsonl`]);
  for (const file of ['manifest.json', 'verdict.json', ...files]) {
    const content = await readFile(join(folder, file)).catch(() => undefined);
    hash.update(`${file} ${content === undefined ? 'none' : content.length}\n`);
    if (content) hash.update(content);
  }
  return hash.digest('hex');
}

/** The first of runs whose files are all alike: equal content would have one place in the site. */
function dropCopies<Run extends Pick<FoundRun, 'digest'>>(runs: readonly Run[]): Run[] {
  return runs.filter(({ digest }, place) => runs.findIndex((run) => run.digest === digest) === place);
}

/** Name and instant; of two that are alike in both, digits of their content. They are the same wherever the runs lie. */
function nameRuns(runs: readonly Omit<FoundRun, 'slug'>[]): FoundRun[] {
  const plain = runs.map(({ manifest: { name, created } }) => {
    const instant = new Date(created);
    const digits = Number.isNaN(instant.getTime()) ? 'undated' : instant.toISOString().replace(/\D/g, '').slice(0, 14);
    return `${slugify(name)}-${digits}`;
  });
  return runs.map((run, place) => {
    const slug = plain[place] ?? '';
    const isAlone = plain.filter((each) => each === slug).length === 1;
    return { ...run, slug: isAlone ? slug : `${slug}-${run.digest.slice(0, 8)}` };
  });
}

/** Folders as a reader of the site may know them: below where the command was started, or by their names. */
function hidePath(folder: string, reason: string): { folder: string; reason: string } {
  const below = relative('.', folder);
  const shown = below === '' || below.startsWith('..') ? basename(resolve(folder)) : below;
  return { folder: shown, reason: reason.replaceAll(folder, shown).replaceAll(resolve(folder), shown) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
