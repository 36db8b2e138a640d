import { directionArrow, formatEntry, formatEntryDelta, formatStderr } from './format-entry.js';
import type { Entry, MetricColumn, ResultTable } from './result-table.js';
import { readPrecisely, type TextCell, type TextTable } from './text-table.js';

/** The main table as text: recipes as rows, the metrics of a task under its name. */
export function describeResults({ columns, rows }: ResultTable): TextTable {
  const tasks = [...new Set(columns.map(({ task }) => task))];
  return {
    groups: [
      { label: '', span: 3 },
      ...tasks.map((label) => ({ label, span: columns.filter(({ task }) => task === label).length })),
      { label: '', span: 1 },
    ],
    columns: [
      { label: 'recipe', isText: true },
      ...['bits', 'bits per weight', ...columns.map(labelColumn), 'fallbacks'].map((label) => ({
        label,
        isText: false,
      })),
    ],
    rows: rows.map((row) => [
      { text: row.recipe },
      { text: row.bits === undefined ? '–' : String(row.bits) },
      { text: row.bitsPerWeight?.toFixed(2) ?? '–', value: row.bitsPerWeight?.toString() },
      ...row.entries.flatMap((entry, index) => (columns[index] ? [describeEntry(entry, columns[index])] : [])),
      { text: row.isFloat ? '–' : String(row.fallbacks.length) },
    ]),
  };
}

/** `acc, % ↑`. */
export function labelColumn(column: Pick<MetricColumn, 'metric' | 'unit' | 'higherIsBetter'>): string {
  return `${column.metric}${column.unit === 'percent' ? ', %' : ''} ${directionArrow(column)}`;
}

export function describeEntry(entry: Entry, column: MetricColumn): TextCell {
  if (entry.status === 'failed') return { text: `failed: ${entry.code}` };
  if (entry.status === 'missing') return { text: 'no result yet' };
  if (entry.status === 'none') return { text: '–' };
  const delta = formatEntryDelta(entry, column);
  const text = formatEntry(entry, column);
  return {
    text,
    stderr: formatStderr(entry, column),
    delta: delta && `${entry.isDistinct === false ? '≈ ' : ''}${delta}`,
    mark: entry.isBest ? 'best' : entry.tiesForBest ? 'tie' : undefined,
    value: readPrecisely(text, String(entry.value)),
  };
}

/** The table with some of its columns. */
export function selectColumns(table: ResultTable, isWanted: (column: MetricColumn) => boolean): ResultTable {
  const isKept = (_: unknown, index: number): boolean => {
    const column = table.columns[index];
    return column !== undefined && isWanted(column);
  };
  return {
    ...table,
    columns: table.columns.filter(isKept),
    rows: table.rows.map((row) => ({ ...row, entries: row.entries.filter(isKept) })),
  };
}
