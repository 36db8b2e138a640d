import { buildResultTables, formatDelta, formatValue, plainDecimals } from '@lowbit/reports';
import type { Entry, MetricColumn, ResultTable, RunData } from '@lowbit/reports';
import { alignTable } from './text-table.js';

/** The main tables as aligned text: recipes as rows, each metric with its difference to float. */
export function formatTables(run: RunData): string {
  return buildResultTables(run).map(formatTable).join('\n');
}

function formatTable({ model, columns, rows }: ResultTable): string {
  const head = [model.name, 'bits/weight', ...columns.flatMap((column) => [nameColumn(column), 'Δ'])];
  const body = rows.map((row) => [
    row.recipe,
    row.bitsPerWeight === undefined ? '' : row.bitsPerWeight.toFixed(2),
    ...row.entries.flatMap((entry, i) => formatEntry(entry, columns[i])),
  ]);
  return `${alignTable([head, ...body])}\n`;
}

function nameColumn({ task, metric, unit }: MetricColumn): string {
  return `${task} ${metric}${unit === 'percent' ? ' %' : ''}`;
}

function formatEntry(entry: Entry, column: MetricColumn | undefined): [string, string] {
  if (entry.status !== 'done') return [entry.status === 'none' ? '' : entry.status, ''];
  const unit = column?.unit ?? 'plain';
  const decimals = column?.decimals ?? plainDecimals(entry.value, entry.stderr);
  const delta = entry.delta === undefined ? '' : formatDelta(entry.delta.value, unit, decimals);
  return [formatValue(entry.value, unit, decimals), delta];
}
