import type { CellKey, CellResult, Manifest } from '../store/types.js';
import { readRun, readSamples } from '../store/read-run.js';

/** A run as two of them are compared. */
export interface ComparableRun {
  manifest: Manifest;
  cells: readonly CellResult[];
  /** The samples' lines of a cell. */
  read: (digest: string) => Promise<string | undefined>;
  /** Where the run lies for what shows it. */
  href?: string | undefined;
}

/** A run's folder for `differRuns`. Throws RUN_UNREADABLE. */
export async function openComparable(folder: string): Promise<ComparableRun> {
  return { ...(await readRun(folder)), read: (digest) => readSamples(folder, digest) };
}

/** The cells of one name in two runs. `none`: not in the run's plan. `pending`: the run has no result of it yet. */
export interface CellPair {
  key: Pick<CellKey, 'model' | 'recipe' | 'task'>;
  before: CellResult | 'none' | 'pending';
  after: CellResult | 'none' | 'pending';
}

/** In the order of the later run, what only the earlier one has last. */
export function pairCells(before: ComparableRun, after: ComparableRun): CellPair[] {
  const [earlier, later] = [indexCells(before), indexCells(after)];
  return [...new Set([...later.keys(), ...earlier.keys()])].map((name): CellPair => {
    const [model, recipe, task] = JSON.parse(name) as [string, string, string];
    return { key: { model, recipe, task }, before: earlier.get(name) ?? 'none', after: later.get(name) ?? 'none' };
  });
}

function indexCells({ manifest, cells }: ComparableRun): Map<string, CellResult | 'pending'> {
  const found = new Map(cells.map((cell) => [nameOf(cell), cell]));
  return new Map(manifest.cells.map((key) => [nameOf(key), found.get(nameOf(key)) ?? 'pending']));
}

function nameOf({ model, recipe, task }: Pick<CellKey, 'model' | 'recipe' | 'task'>): string {
  return JSON.stringify([model, recipe, task]);
}
