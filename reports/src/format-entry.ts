import { formatDelta, formatValue, plainDecimals } from './format-number.js';
import type { DoneEntry, MetricColumn } from './result-table.js';

/** The value of an entry with the decimals of its column, without its unit. */
export function formatEntry(entry: DoneEntry, column: MetricColumn): string {
  return formatValue(entry.value, column.unit, entryDecimals(entry, column));
}

/** The standard error with the value's decimals: `0.41`; undefined where there is none. */
export function formatStderr(entry: DoneEntry, column: MetricColumn): string | undefined {
  if (entry.stderr === undefined) return undefined;
  return formatValue(entry.stderr, column.unit, entryDecimals(entry, column));
}

/** The signed difference to float with the value's decimals; undefined where there is none. */
export function formatEntryDelta(entry: DoneEntry, column: MetricColumn): string | undefined {
  return entry.delta && formatDelta(entry.delta.value, column.unit, entryDecimals(entry, column));
}

export function directionArrow(column: { higherIsBetter: boolean }): string {
  return column.higherIsBetter ? '↑' : '↓';
}

function entryDecimals(entry: DoneEntry, column: MetricColumn): number {
  return column.decimals ?? plainDecimals(entry.value, entry.stderr);
}
