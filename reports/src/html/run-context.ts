import { indexCells, type CellIndex } from '../cell-index.js';
import { locateRecipes, type RecipePages } from '../recipe-pages.js';
import { buildResultTables, type ResultTable } from '../result-table.js';
import type { RunData } from '../run-data.js';
import { collectTaskFacts, type TaskFacts } from '../task-facts.js';

/** What the report and the pages of its recipes are both made of, built once. */
export interface RunContext {
  run: RunData;
  index: CellIndex;
  tables: ResultTable[];
  facts: TaskFacts[];
  pages: RecipePages;
  /** Of ids and files, where a report has several runs; else empty. */
  prefix: string;
}

export function openContext(run: RunData, prefix: string): RunContext {
  const tables = buildResultTables(run);
  return {
    ...{ run, prefix, tables },
    index: indexCells(run),
    facts: collectTaskFacts(run, tables),
    pages: locateRecipes(run, prefix),
  };
}
