import { isWithinError } from '../delta.js';
import { directionArrow, formatEntry, formatEntryDelta, formatStderr } from '../format-entry.js';
import { formatCount, formatRelative, formatSignificant } from '../format-number.js';
import { describeTest, formatInterval } from '../pairs.js';
import type { RecipePages } from '../recipe-pages.js';
import type { DoneEntry, Entry, MetricColumn, RecipeRow, ResultTable } from '../result-table.js';

/** The main table as text, ready for its template; `sort` values are plain numbers, empty where there is none. */
export interface ResultsView {
  id: string;
  caption: string;
  tasks: { name: string; span: number }[];
  columns: { index: number; label: string; arrow: string; direction: string; title: string; isFirst: boolean }[];
  fallbackIndex: number;
  /** Level and correction of the marks, where the samples were compared. */
  family: string | null;
  rows: RowView[];
}

interface RowView {
  id: string;
  /** Of the recipe's page. */
  href: string;
  /** The recipe's name in pieces between which a line may end. */
  recipe: string[];
  series: string;
  isFloat: boolean;
  startsGroup: boolean;
  bits: { text: string; sort: string };
  bitsPerWeight: { text: string; sort: string };
  cells: CellView[];
  fallbacks: { text: string; sort: string; title: string; isNone: boolean };
}

interface CellView {
  sort: string;
  title: string;
  isFirst: boolean;
  /** Of this execution, left out by `stripMeasurements`. */
  measured: boolean;
  /** Exactly one of `done` and `other` is there. */
  done: DoneView | null;
  other: { kind: string; word: string; detail: string } | null;
}

interface DoneView {
  value: string;
  stderr: string | null;
  best: string | null;
  isTie: boolean;
  delta: { text: string; sense: string; words: string } | null;
  words: string;
}

export function viewResults(table: ResultTable, id: string, pages: RecipePages): ResultsView {
  const tasks = [...new Set(table.columns.map((column) => column.task))];
  return {
    id,
    caption: `Scores of ${table.model.name} by recipe`,
    tasks: tasks.map((name) => ({ name, span: table.columns.filter((column) => column.task === name).length })),
    columns: table.columns.map((column, position) => ({
      index: position + 4,
      label: column.unit === 'percent' ? `${column.metric}, %` : column.metric,
      arrow: directionArrow(column),
      direction: column.higherIsBetter ? 'higher is better' : 'lower is better',
      title: column.protocol ?? column.metric,
      isFirst: startsTask(table.columns, position),
    })),
    fallbackIndex: table.columns.length + 4,
    family: table.family ?? null,
    rows: table.rows.map((row, position) => viewRow(table, row, position, pages)),
  };
}

function startsTask(columns: readonly MetricColumn[], position: number): boolean {
  return columns[position - 1]?.task !== columns[position]?.task;
}

function viewRow(table: ResultTable, row: RecipeRow, position: number, pages: RecipePages): RowView {
  const previous = table.rows[position - 1];
  const { bits, bitsPerWeight, fallbacks } = row;
  return {
    id: pages.rowId(table.model.name, row.recipe),
    href: pages.href(row.recipe),
    recipe: row.recipe.split(/(?<=[,+(=])/),
    series: row.series,
    isFloat: row.isFloat,
    startsGroup: previous !== undefined && previous.bits !== bits,
    bits: { text: bits === undefined ? '–' : String(bits), sort: bits === undefined ? '' : String(bits) },
    bitsPerWeight: {
      text: bitsPerWeight?.toFixed(2) ?? '–',
      sort: bitsPerWeight === undefined ? '' : String(bitsPerWeight),
    },
    cells: row.entries.flatMap((entry, index) => {
      const column = table.columns[index];
      return column ? [viewCell(entry, row, column, startsTask(table.columns, index))] : [];
    }),
    fallbacks: {
      text: row.isFloat ? '–' : `${fallbacks.length}`,
      sort: row.isFloat ? '' : String(fallbacks.length),
      title: fallbacks
        .map((layer) => `${layer.layer}: ${layer.fallback}`)
        .slice(0, 3)
        .join('; '),
      isNone: fallbacks.length === 0,
    },
  };
}

function viewCell(entry: Entry, row: RecipeRow, column: MetricColumn, isFirst: boolean): CellView {
  const { measured } = column;
  if (entry.status === 'done') {
    const sort = Number.isFinite(entry.value) ? String(entry.value) : '';
    return {
      sort,
      title: describeEntry(entry, column),
      isFirst,
      measured,
      done: viewDone(entry, row, column),
      other: null,
    };
  }
  const others = {
    failed: { kind: 'failed', word: 'failed', detail: entry.status === 'failed' ? entry.code : '' },
    missing: { kind: 'missing', word: 'no result yet', detail: '' },
    none: { kind: 'none', word: '–', detail: '' },
  };
  const title = entry.status === 'failed' ? entry.message : '';
  return { sort: '', title, isFirst, measured, done: null, other: others[entry.status] };
}

function viewDone(entry: DoneEntry, row: RecipeRow, column: MetricColumn): DoneView {
  const { delta } = entry;
  const text = formatEntryDelta(entry, column);
  return {
    value: formatEntry(entry, column),
    stderr: formatStderr(entry, column) ?? null,
    best: describeBest(entry, row),
    isTie: !entry.isBest && entry.tiesForBest,
    delta: delta && text ? { text: markDelta(text, entry), ...describeSense(delta, entry) } : null,
    words: `n ${formatCount(entry.n)}`,
  };
}

function describeBest(entry: DoneEntry, { bits }: RecipeRow): string | null {
  if (entry.isBest) return `best at ${bits} bits`;
  return entry.tiesForBest ? `ties for best at ${bits} bits` : null;
}

/** The sign for a difference that the paired test does not tell from none. */
function markDelta(text: string, { isDistinct }: DoneEntry): string {
  return isDistinct === false ? `≈ ${text}` : text;
}

function describeSense(delta: NonNullable<DoneEntry['delta']>, entry: DoneEntry): { sense: string; words: string } {
  if (delta.sense === 'same') return { sense: 'near', words: 'the same as float' };
  if (entry.isDistinct === false)
    return { sense: 'near', words: `${delta.sense} than float, not told apart by the paired test` };
  if (entry.isDistinct) return { sense: delta.sense, words: `${delta.sense} than float` };
  if (isWithinError(delta)) return { sense: 'near', words: `${delta.sense} than float, within two standard errors` };
  return { sense: delta.sense, words: `${delta.sense} than float` };
}

/** The tooltip: full precision, interval, n, the relative change, and the test. */
function describeEntry({ value, stderr, n, delta, interval, pair }: DoneEntry, { unit }: MetricColumn): string {
  const parts = [`${value}${stderr === undefined ? '' : ` ± ${stderr}`}`, `n = ${formatCount(n)}`];
  if (interval) parts.splice(1, 0, `95 %: ${formatSignificant(interval.low)} to ${formatSignificant(interval.high)}`);
  if (delta?.ratio !== undefined) parts.push(`${formatRelative(delta.ratio)} against float`);
  if (pair?.result) parts.push(`difference ${formatInterval(pair.result, unit)}`, describeTest(pair.result));
  else if (delta?.standardErrors !== undefined) parts.push(`${delta.standardErrors.toFixed(1)} standard errors`);
  return parts.join(', ');
}
