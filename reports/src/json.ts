import type { CellResult, Manifest, Row, RunComparisons } from '@lowbit/core';
import { indexCells } from './cell-index.js';
import type { RunData } from './run-data.js';

/** The figures of a run with their comparisons, full precision. */
export interface RunFigures {
  run: string;
  rows: Row[];
  failed: (Pick<CellResult, 'model' | 'recipe' | 'task'> & { error: CellResult['error'] })[];
  missing: Manifest['cells'];
  comparisons: RunComparisons | undefined;
}

export function listFigures(run: RunData): RunFigures {
  const index = indexCells(run);
  const found = run.manifest.cells.map((key) => ({ key, cell: index.find(key.model, key.recipe, key.task) }));
  return {
    run: run.manifest.name,
    rows: found.flatMap(({ cell }) => cell?.rows ?? []),
    failed: found.flatMap(({ key: { model, recipe, task }, cell }) =>
      cell?.status === 'failed' ? [{ model, recipe, task, error: cell.error }] : [],
    ),
    missing: found.flatMap(({ key, cell }) => (cell ? [] : [key])),
    comparisons: run.comparisons,
  };
}

export function renderJson(runs: readonly RunData[]): string {
  return `${JSON.stringify({ runs: runs.map(listFigures) }, undefined, 1)}\n`;
}
