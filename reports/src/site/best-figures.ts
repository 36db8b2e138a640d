import { formatEntry, directionArrow } from '../format-entry.js';
import { buildResultTables, type DoneEntry, type RecipeRow, type ResultTable } from '../result-table.js';
import type { RunData } from '../run-data.js';

export interface BestFigure {
  task: string;
  metric: string;
  arrow: string;
  value: string;
  recipe: string;
  /** Only where the run has several. */
  model: string | null;
}

const mostFigures = 3;

/** The best quantized figure of the first metric of each task: what a reader looks for in a list of runs. */
export function listBest(run: RunData): { figures: BestFigure[]; more: number } {
  const tables = buildResultTables(run);
  const all = tables.flatMap((table) => listOfTable(table, tables.length > 1));
  return { figures: all.slice(0, mostFigures), more: Math.max(0, all.length - mostFigures) };
}

function listOfTable(table: ResultTable, isOneOfSeveral: boolean): BestFigure[] {
  const scored = table.columns.filter(({ measured, group }) => !measured && !group);
  const tasks = [...new Set(scored.map(({ task }) => task))];
  return tasks.flatMap((task) => {
    const column = scored.find((each) => each.task === task);
    const best = column && findBest(table, table.columns.indexOf(column), column.higherIsBetter);
    if (!column || !best) return [];
    const value = `${formatEntry(best.entry, column)}${column.unit === 'percent' ? ' %' : ''}`;
    const model = isOneOfSeveral ? table.model.name : null;
    return { task, metric: column.metric, arrow: directionArrow(column), value, recipe: best.row.recipe, model };
  });
}

/** Of quantized rows; where there is none, float's own. */
function findBest({ rows }: ResultTable, place: number, higherIsBetter: boolean) {
  const figures = rows.flatMap((row): { row: RecipeRow; entry: DoneEntry }[] => {
    const entry = row.entries[place];
    return entry?.status === 'done' && Number.isFinite(entry.value) ? [{ row, entry }] : [];
  });
  const quantized = figures.filter(({ row }) => !row.isFloat);
  const sign = higherIsBetter ? -1 : 1;
  return (quantized.length > 0 ? quantized : figures).sort((a, b) => sign * (a.entry.value - b.entry.value))[0];
}
