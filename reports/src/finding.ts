import { compareFigures, isWithinError } from './delta.js';
import { formatEntry } from './format-entry.js';
import type { DoneEntry, MetricColumn, RecipeRow, ResultTable } from './result-table.js';

interface Measured {
  row: RecipeRow;
  entry: DoneEntry;
}

/**
 * One sentence that holds for the figures of the table: float, and the best recipe of each bit width by the main metric.
 * It says "lowest measured", of how many recipes, and when the runner-up ties by the paired test (without samples: is within
 * two standard errors).
 */
export function summarise(table: ResultTable): string {
  const position = mainColumn(table);
  const column = position === undefined ? undefined : table.columns[position];
  if (position === undefined || !column) return `No cell of ${table.model.name} has a figure yet.`;
  const measured = table.rows.flatMap((row): Measured[] => {
    const entry = row.entries[position];
    return entry?.status === 'done' && Number.isFinite(entry.value) ? [{ row, entry }] : [];
  });
  const float = measured.find(({ row }) => row.isFloat);
  const widths = [...new Set(measured.filter(({ row }) => !row.isFloat).map(({ row }) => row.bits))];
  const parts = widths.map((bits) =>
    describeWidth(
      bits,
      measured.filter(({ row }) => !row.isFloat && row.bits === bits),
      column,
      table.family !== undefined,
    ),
  );
  const subject = `${table.model.name}, ${column.task} ${column.metric}${column.unit === 'percent' ? ' in percent' : ''}`;
  const clauses = [float ? `float ${formatEntry(float.entry, column)}` : 'no float figure', ...parts];
  return `${subject}: ${clauses.join('; ')}.`;
}

function describeWidth(
  bits: number | undefined,
  measured: Measured[],
  column: MetricColumn,
  isCompared: boolean,
): string {
  const sign = column.higherIsBetter ? -1 : 1;
  const [best, second] = [...measured].sort((a, b) => sign * (a.entry.value - b.entry.value));
  const where = bits === undefined ? 'without named bits' : `at ${bits} bits`;
  if (!best) return where;
  const figure = `${formatEntry(best.entry, column)} with ${best.row.recipe}`;
  if (!second) return `${where} ${figure}`;
  const rank = column.higherIsBetter ? 'highest' : 'lowest';
  const gap = compareFigures(second.entry, best.entry, column.higherIsBetter);
  const runnerUp = `${second.row.recipe} has ${formatEntry(second.entry, column)}`;
  if (gap.value === 0) return `${where} ${figure}, and ${second.row.recipe} the same`;
  const doubt = second.entry.tiesForBest
    ? ', a tie by the paired test'
    : !isCompared && isWithinError(gap)
      ? ', within two standard errors'
      : '';
  return `${where} the ${rank} of ${measured.length} is ${figure} (${runnerUp}${doubt})`;
}

/** The first perplexity with a figure, else the first metric with one, measurements last: its position among the columns. */
export function mainColumn(table: ResultTable): number | undefined {
  const filled = table.columns
    .map((column, position) => ({ column, position }))
    .filter(({ position }) => table.rows.some((row) => row.entries[position]?.status === 'done'));
  const scored = filled.filter(({ column }) => !column.measured);
  return (scored.find(({ column }) => column.metric === 'perplexity') ?? scored[0] ?? filled[0])?.position;
}
