import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LowbitError } from '../errors.js';
import { partSuffix, writeAtomic } from './atomic-write.js';
import { lockRun } from './run-lock.js';
import type { CellKey, CellResult, Manifest } from './types.js';

const manifestShape = z.looseObject({
  formatVersion: z.literal(1),
  name: z.string(),
  notes: z.array(z.string()),
  planDigest: z.string(),
  models: z.array(z.looseObject({ name: z.string() })),
  recipes: z.array(z.looseObject({ name: z.string() })),
  tasks: z.array(z.looseObject({ name: z.string() })),
  groups: z
    .array(
      z.looseObject({ name: z.string(), members: z.array(z.looseObject({ task: z.string(), metric: z.string() })) }),
    )
    .optional(),
  environment: z.looseObject({}),
  cells: z.array(z.strictObject({ digest: z.string(), model: z.string(), recipe: z.string(), task: z.string() })),
});

const cellShape = z.looseObject({
  formatVersion: z.literal(1),
  digest: z.string(),
  status: z.enum(['done', 'failed']),
  rows: z.array(z.looseObject({ metric: z.string() })),
  layers: z.array(z.looseObject({ layer: z.string() })),
});

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

/** A run for a report: its plan and the cells of it that have a result. Throws RUN_UNREADABLE. */
export async function readRun(folder: string): Promise<{ manifest: Manifest; cells: CellResult[] }> {
  const path = join(folder, 'manifest.json');
  const value = await readJson(path);
  if (value === undefined)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected a run with a manifest in ${folder}, found none; name a folder that lowbit run wrote.`,
    );
  const manifest = check<Manifest>(manifestShape, value, path);
  const cells = await Promise.all(manifest.cells.map((key) => readCell(folder, key)));
  return { manifest, cells: cells.filter((cell) => cell !== undefined) };
}

/** The per-document lines of a cell, as lm-evaluation-harness writes them. */
export async function readSamples(folder: string, digest: string): Promise<string | undefined> {
  return readFile(join(folder, 'samples', `${digest}.jsonl`), 'utf8').catch(() => undefined);
}

/** A cell under the names that the plan gives it today: names are no part of its digest. */
async function readCell(folder: string, { digest, model, recipe, task }: CellKey): Promise<CellResult | undefined> {
  const path = join(folder, 'cells', `${digest}.json`);
  const value = await readJson(path);
  if (value === undefined) return undefined;
  const cell = check<CellResult>(cellShape, value, path);
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
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function check<T>(shape: z.ZodType, value: unknown, path: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return value as T;
  const [issue] = parsed.error.issues;
  throw unreadable(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not'}`);
}

function unreadable(path: string, reason: string): LowbitError {
  return new LowbitError(
    'RUN_UNREADABLE',
    `Expected ${path} to be a file of a run, but it is not (${reason}); remove it and start the run again.`,
  );
}
