import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { partSuffix, writeAtomic } from './atomic-write.js';
import { readCell } from './read-run.js';
import { lockRun } from './run-lock.js';
import type { CellKey, CellResult, Manifest } from './types.js';

/** A run's folder as its single writer sees it. */
export class RunStore {
  #isOpen = true;

  private constructor(
    readonly folder: string,
    readonly release: () => Promise<void>,
  ) {}

  /** Makes the folder if needed, takes its lock, and removes what a killed writer left half done. Throws RUN_LOCKED. */
  static async open(folder: string): Promise<RunStore> {
    for (const part of ['cells', 'samples', 'artifacts']) await mkdir(join(folder, part), { recursive: true });
    const store = new RunStore(folder, await lockRun(join(folder, 'run.lock')));
    for (const part of ['.', 'cells', 'samples'])
      for (const name of await readdir(join(folder, part)))
        if (name.endsWith(partSuffix)) await rm(join(folder, part, name), { force: true });
    for (const name of await readdir(join(folder, 'artifacts')))
      if (!/^[0-9a-f]{64}$/.test(name)) await rm(join(folder, 'artifacts', name), { recursive: true, force: true });
    await rm(store.workFolder, { recursive: true, force: true });
    return store;
  }

  /** For what is computed along the way; removed when the run ends. */
  get workFolder(): string {
    return join(this.folder, 'work');
  }

  artifactFolder(digest: string): string {
    return join(this.folder, 'artifacts', digest);
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    await writeAtomic(join(this.folder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`);
  }

  /** The cell's file comes last: once it is there, all of the cell is. */
  async writeCell(cell: CellResult, samples: string | undefined): Promise<void> {
    if (samples !== undefined) await writeAtomic(join(this.folder, 'samples', `${cell.digest}.jsonl`), samples);
    await writeAtomic(join(this.folder, 'cells', `${cell.digest}.json`), `${JSON.stringify(cell, undefined, 1)}\n`);
  }

  readCell(key: CellKey): Promise<CellResult | undefined> {
    return readCell(this.folder, key);
  }

  /** Once: a second call must not take the lock from whoever holds it by then. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await rm(this.workFolder, { recursive: true, force: true });
    await this.release();
  }
}
