import type { CellResult } from '@lowbit/core';
import { mainColumn } from '../finding.js';
import { formatBytes, formatCount, formatFixed } from '../format-number.js';
import { secondsAxis } from '../plot-axis.js';
import { buildPlot, listPlottedColumns } from '../plot-model.js';
import type { ResultTable } from '../result-table.js';
import { viewFigures, viewFront, type FigureView, type FrontView } from './plots-view.js';
import type { RunContext } from './run-context.js';

/** Measurements of one execution: the only part of a page, `created` aside, that differs between two executions. */
export interface TimesView {
  id: string;
  plots: { id: string; heading: string; figures: FigureView[]; front: FrontView }[];
  /** `recipes` with the model beside, or `cells` with the task. */
  what: string;
  whatElse: string;
  rows: TimesRow[];
}

type Timed = { text: string; sort: string };

interface TimesRow {
  recipe: string;
  other: string;
  quantize: Timed;
  load: Timed;
  score: Timed;
  tokenize: Timed;
  /** Computed, a second of scoring. */
  rate: Timed;
  peakMemory: Timed;
}

/** A row a recipe and model, over its tasks, and scores against the time that quantizing took. */
export async function viewTimes(context: RunContext): Promise<TimesView> {
  const { tables, prefix } = context;
  const id = `${prefix}times`;
  const plots = await Promise.all(tables.map((table) => viewCosts(context, table, tables.length > 1, id)));
  const rows = tables.flatMap((table) =>
    table.rows.flatMap((row) => {
      const cells = cellsOf(context, table, row.recipe);
      return cells.length === 0 ? [] : [describeTimes(row.recipe, table.model.name, cells)];
    }),
  );
  return { id, plots: plots.flat(), what: 'recipes', whatElse: 'Model', rows };
}

/** A row a task of one recipe. */
export function viewRecipeTimes(context: RunContext, recipe: string): TimesView {
  const { tables } = context;
  const rows = tables.flatMap((table) =>
    cellsOf(context, table, recipe).map((cell) =>
      describeTimes(tables.length > 1 ? `${recipe}, ${table.model.name}` : recipe, cell.task, [cell]),
    ),
  );
  return { id: 'times', plots: [], what: 'cells', whatElse: 'Task', rows };
}

function cellsOf({ run, index }: RunContext, table: ResultTable, recipe: string): CellResult[] {
  return run.manifest.tasks.flatMap((task) => index.find(table.model.name, recipe, task.name) ?? []);
}

function describeTimes(recipe: string, other: string, cells: readonly CellResult[]): TimesRow {
  const sum = (of: (cell: CellResult) => number | null | undefined): number | undefined => {
    const known = cells.map(of).filter((value) => typeof value === 'number');
    return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
  };
  const score = sum(({ seconds }) => seconds.score);
  const tokens = sum(({ status, counts }) => (status === 'done' ? counts.computedTokens : 0)) ?? 0;
  const memory = Math.max(...cells.map(({ peakMemoryBytes }) => peakMemoryBytes ?? Number.NaN));
  const seconds = (value: number | undefined): Timed => ({ text: formatFixed(value, 2), sort: toSort(value) });
  const rate = score !== undefined && score > 0 && tokens > 0 ? Math.round(tokens / score) : undefined;
  return {
    recipe,
    other,
    quantize: seconds(quantizeSeconds(cells)),
    load: seconds(sum((cell) => cell.seconds.load)),
    score: seconds(score),
    tokenize: seconds(sum((cell) => cell.seconds.tokenize)),
    rate: { text: rate === undefined ? '–' : formatCount(rate), sort: toSort(rate) },
    peakMemory: { text: formatBytes(memory), sort: toSort(memory) },
  };
}

/** Cells of one artifact say the same seconds, or none where it was there already. */
function quantizeSeconds(cells: readonly CellResult[]): number | undefined {
  const known = cells.map(({ seconds }) => seconds.quantize).filter((value) => Number.isFinite(value));
  return known.length === 0 ? undefined : Math.max(...known);
}

function toSort(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '' : String(value);
}

/** The main metric against seconds, and the first accuracy beside it; nothing where all took the same. */
async function viewCosts(context: RunContext, table: ResultTable, isOneOfSeveral: boolean, id: string) {
  const seconds = new Map(
    table.rows
      .filter(({ isFloat }) => !isFloat)
      .map(({ recipe }) => [recipe, quantizeSeconds(cellsOf(context, table, recipe)) ?? 0] as const)
      .filter(([, value]) => value > 0),
  );
  const main = mainColumn(table);
  // Equal shares of one pass say nothing of a method.
  if (new Set(seconds.values()).size < 2 || main === undefined) return [];
  const second = listPlottedColumns(table).find(
    (position) => position !== main && table.columns[position]?.unit === 'percent',
  );
  const axis = secondsAxis(seconds);
  const models = [main, ...(second === undefined ? [] : [second])].flatMap(
    (position) => buildPlot(table, position, axis, context.run.comparisons) ?? [],
  );
  const own = `${id}-${context.pages.modelId(table.model.name)}`;
  return [
    {
      id: own,
      heading: `Scores against time to quantize${isOneOfSeveral ? `, ${table.model.name}` : ''}`,
      figures: await viewFigures(models, own),
      front: viewFront(models, `${own}-front`, 'Seconds', context.pages),
    },
  ];
}
