import { copyFile, link, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LowbitError, lockRun, writeAtomic } from '@lowbit/core';
import type { CellResult, Manifest } from '@lowbit/core';
import { listNights, nameNight, nameOf, readBaselines } from './nights.js';

export interface OpenOptions {
  /** `false`: RUN_LOCKED where another process has the folder. */
  wait: boolean;
  signal?: AbortSignal | undefined;
  /** Told once, if there is somebody to wait for. */
  onWait?: ((reason: string) => void) | undefined;
}

/** A night that is not there yet: its folder is filled beside the others and renamed into place. */
export interface Draft {
  name: string;
  folder: string;
}

/** A folder of nights as its single writer sees it. */
export class History {
  private constructor(
    readonly folder: string,
    readonly release: () => Promise<void>,
  ) {}

  /** Takes the folder's lock and removes what a killed writer left half done. Undefined where waiting was given up. */
  static async open(folder: string, options: OpenOptions): Promise<History | undefined> {
    await mkdir(join(folder, 'runs'), { recursive: true });
    const release = await takeLock(join(folder, 'nightly.lock'), options);
    if (release === undefined) return undefined;
    const history = new History(folder, release);
    await rm(history.workFolder, { recursive: true, force: true });
    await mkdir(history.workFolder);
    return history;
  }

  /** The run folder in which all nights compute: what one has computed, no other computes again. */
  get store(): string {
    return join(this.folder, 'store');
  }

  /** For what is made along the way; removed when the night ends. */
  get workFolder(): string {
    return join(this.folder, 'work');
  }

  listNights(): Promise<string[]> {
    return listNights(this.folder);
  }

  /** A run folder of its own for what the store has now: files are linked, because a store never writes into one. */
  async draft(manifest: Manifest, now = new Date()): Promise<Draft> {
    const last = (await this.listNights()).at(-1);
    const name = nameNight(now, last && nameOf(last));
    const folder = join(this.workFolder, name);
    for (const part of ['cells', 'samples']) await mkdir(join(folder, part), { recursive: true });
    for (const { digest } of manifest.cells)
      for (const file of [join('cells', `${digest}.json`), join('samples', `${digest}.jsonl`)])
        await linkOrCopy(join(this.store, file), join(folder, file));
    await writeAtomic(join(folder, 'manifest.json'), toJson(manifest));
    return { name, folder };
  }

  /** Puts a cell of the night in place of the store's: a measurement made anew. */
  async replaceCell({ folder }: Draft, cell: CellResult): Promise<void> {
    await writeAtomic(join(folder, 'cells', `${cell.digest}.json`), toJson(cell));
  }

  /** From here on the night is there. Returns its folder. */
  async publish({ name, folder }: Draft): Promise<string> {
    const place = join(this.folder, 'runs', name);
    await rename(folder, place);
    return place;
  }

  /**
   * Removes all nights but the last `keep` and the baselines, cells that neither a night nor the store's own run has, and
   * artifacts other than these. Returns the names of the nights that went.
   */
  async prune(keep: number, artifacts: readonly string[]): Promise<string[]> {
    const nights = await this.listNights();
    const kept = new Set(Object.values(await readBaselines(this.folder)));
    const gone = nights.slice(0, -keep).filter((night) => !kept.has(nameOf(night)));
    for (const night of gone) {
      // Out of the list at once, then file by file.
      const aside = join(this.workFolder, nameOf(night));
      await rename(night, aside);
      await rm(aside, { recursive: true, force: true });
    }
    await removeOthers(join(this.store, 'artifacts'), new Set(artifacts));
    const known = await listDigests([this.store, ...(await this.listNights())]);
    if (known === undefined) return gone.map(nameOf);
    await removeOthers(join(this.store, 'cells'), known);
    await removeOthers(join(this.store, 'samples'), known);
    return gone.map(nameOf);
  }

  async close(): Promise<void> {
    await rm(this.workFolder, { recursive: true, force: true });
    await this.release();
  }
}

async function takeLock(
  path: string,
  { wait, signal, onWait }: OpenOptions,
): Promise<(() => Promise<void>) | undefined> {
  if (!wait) return lockRun(path);
  for (let isTold = false; !signal?.aborted;) {
    try {
      return await lockRun(path, 1000);
    } catch (error) {
      if (!(error instanceof LowbitError) || error.code !== 'RUN_LOCKED') throw error;
      if (!isTold) onWait?.(error.message);
      isTold = true;
    }
  }
  return undefined;
}

/** Of every cell of these runs; undefined where a manifest cannot be read, and so nothing is known to be of no use. */
async function listDigests(runs: readonly string[]): Promise<Set<string> | undefined> {
  try {
    const manifests = await Promise.all(
      runs.map(async (run) => JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8')) as Manifest),
    );
    return new Set(manifests.flatMap(({ cells }) => cells.map(({ digest }) => digest)));
  } catch {
    return undefined;
  }
}

async function removeOthers(folder: string, known: ReadonlySet<string>): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names)
    if (!known.has(basename(name).split('.')[0] ?? '')) await rm(join(folder, name), { recursive: true, force: true });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Not there: a cell without samples. Anything else: a file system without links, or one with too many of this file.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') await copyFile(from, to);
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
