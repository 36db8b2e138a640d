import type { RunData } from '../run-data.js';
import { formatBytes, formatCount, formatFixed } from '../format-number.js';
import { indexCells } from '../cell-index.js';
import type { ResultTable } from '../result-table.js';

/** Measurements of one execution: the only part of the page, `created` aside, that differs between two executions. */
export interface TimesView {
  rows: {
    model: string;
    recipe: string;
    task: string;
    quantize: string;
    load: string;
    score: string;
    tokenize: string;
    /** Computed, a second of scoring. */
    rate: string;
    peakMemory: string;
  }[];
}

export function viewTimes(run: RunData, tables: readonly ResultTable[]): TimesView {
  const index = indexCells(run);
  const rows = tables.flatMap((table) =>
    table.rows.flatMap((row) =>
      run.manifest.tasks.flatMap((task) => {
        const cell = index.find(table.model.name, row.recipe, task.name);
        if (!cell) return [];
        const { quantize, load, score, tokenize } = cell.seconds;
        return {
          model: table.model.name,
          recipe: row.recipe,
          task: task.name,
          quantize: formatFixed(quantize, 2),
          load: formatFixed(load, 2),
          score: formatFixed(score, 2),
          tokenize: tokenize === undefined ? '–' : formatFixed(tokenize, 2),
          rate: cell.status === 'done' && score > 0 ? formatCount(Math.round(cell.counts.computedTokens / score)) : '–',
          peakMemory: formatBytes(cell.peakMemoryBytes),
        };
      }),
    ),
  );
  return { rows };
}
