import type { CellResult } from '@lowbit/core';
import type { RunData } from './run-data.js';

/** The planned cells of a run by model, recipe and task; results whose digest is not in the plan are left out. */
export interface CellIndex {
  isPlanned(model: string, recipe: string, task: string): boolean;
  find(model: string, recipe: string, task: string): CellResult | undefined;
}

export function indexCells(run: RunData): CellIndex {
  const byDigest = new Map(run.cells.map((cell) => [cell.digest, cell]));
  const planned = new Map(run.manifest.cells.map((key) => [keyOf(key.model, key.recipe, key.task), key.digest]));
  const find = (model: string, recipe: string, task: string) => {
    const digest = planned.get(keyOf(model, recipe, task));
    return digest === undefined ? undefined : byDigest.get(digest);
  };
  return { isPlanned: (...names) => planned.has(keyOf(...names)), find };
}

function keyOf(...names: string[]): string {
  return JSON.stringify(names);
}
