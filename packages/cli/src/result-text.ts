import { buildResultTables, formatDelta, formatValue, plainDecimals } from '@lowbit/reports';
import type { Entry, MetricColumn, ResultTable, RunData } from '@lowbit/reports';
import { countExecuted } from '@lowbit/core';
import type { CellResult, ExecutionRecord } from '@lowbit/core';
import { alignTable } from './text-table.js';

/** The main tables as aligned text: recipes as rows, each metric with its difference to float. */
export function formatTables(run: RunData): string {
  return buildResultTables(run).map(formatTable).join('\n');
}

/** A line for each model and recipe whose layers were executed: how many, by what, and why others were not. */
export function formatExecution(cells: readonly CellResult[]): string {
  const lines = cells.flatMap(({ model, recipe, execution }) =>
    execution && countExecuted(execution) + execution.simulated.length > 0
      ? [`${recipe} of ${model}: ${describeExecution(execution)}\n`]
      : [],
  );
  return [...new Set(lines)].join('');
}

function describeExecution(record: ExecutionRecord): string {
  const { operators, simulated, precision } = record;
  const [executed, all] = [countExecuted(record), countExecuted(record) + operators.Gemm];
  const by = (['MatMulNBits', 'MatMulInteger'] as const).flatMap((name) =>
    operators[name] > 0 ? [`${operators[name]} by ${name}`] : [],
  );
  const rest = simulated.map(
    ({ reason, layers }) => `${layers.length} (${reason}: ${layers[0]}${layers.length > 1 ? ', ...' : ''})`,
  );
  const counts = `${executed} of ${all} layers executed${by.length > 0 ? ` (${by.join(', ')})` : ''}, precision ${precision}`;
  return rest.length > 0 ? `${counts}; simulated: ${rest.join(', ')}` : counts;
}

function formatTable({ model, columns, rows, family }: ResultTable): string {
  const head = [model.name, 'bits/weight', ...columns.flatMap((column) => [nameColumn(column), 'Δ'])];
  const body = rows.map((row) => [
    row.recipe,
    row.bitsPerWeight === undefined ? '' : row.bitsPerWeight.toFixed(2),
    ...row.entries.flatMap((entry, i) => formatEntry(entry, columns[i], family !== undefined)),
  ]);
  const isMarked = rows.some((row) => row.entries.some((entry) => entry.status === 'done' && entry.isBest));
  const best = isMarked ? ['* best of its bits or tied with it'] : [];
  const key = family === undefined ? '' : `${['≈ not told from float', ...best].join(', ')} (paired tests ${family})\n`;
  return `${alignTable([head, ...body])}\n${key}`;
}

function nameColumn({ task, metric, unit }: MetricColumn): string {
  return `${task} ${metric}${unit === 'percent' ? ' %' : ''}`;
}

function formatEntry(entry: Entry, column: MetricColumn | undefined, isCompared: boolean): [string, string] {
  if (entry.status !== 'done') return [entry.status === 'none' ? '' : entry.status, ''];
  const unit = column?.unit ?? 'plain';
  const decimals = column?.decimals ?? plainDecimals(entry.value, entry.stderr);
  const near = entry.isDistinct === false ? '≈ ' : '';
  const delta = entry.delta === undefined ? '' : near + formatDelta(entry.delta.value, unit, decimals);
  const best = isCompared && (entry.isBest || entry.tiesForBest) ? '*' : '';
  return [best + formatValue(entry.value, unit, decimals), delta];
}
