import { isWithinError } from '../delta.js';
import { directionArrow, formatEntry, formatEntryDelta, formatStderr } from '../format-entry.js';
import { formatCount, formatRelative, formatSignificant } from '../format-number.js';
import { describeTest, formatInterval } from '../pairs.js';
import type { RecipePages } from '../recipe-pages.js';
import { selectColumns } from '../result-text.js';
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
  /** So many cells that only figures are shown; tests and counts are on the recipes' pages. */
  isLarge: boolean;
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
  isBest: boolean;
  isTie: boolean;
  delta: { text: string; sense: string; words: string } | null;
  words: string;
}

/** Cells that may have a sentence each. */
const mostDescribed = 4000;
/** Columns that a reader takes in; of more, the first of each task come first and the others apart. */
const mostColumns = 24;

export interface TablesView {
  results: ResultsView;
  /** The other metrics of each task, closed. */
  more: ResultsView | null;
}

export function viewTables(table: ResultTable, id: string, pages: RecipePages): TablesView {
  const isLarge = table.rows.length * table.columns.length > mostDescribed;
  if (table.columns.length <= mostColumns) return { results: viewResults(table, id, pages, isLarge), more: null };
  const first = new Set(
    [...new Set(table.columns.map(({ task }) => task))].map((task) =>
      table.columns.find((column) => column.task === task),
    ),
  );
  return {
    results: viewResults(
      selectColumns(table, (column) => first.has(column)),
      id,
      pages,
      isLarge,
    ),
    more: viewResults(
      selectColumns(table, (column) => !first.has(column)),
      `${id}-more`,
      { ...pages, rowId: (...names) => `${pages.rowId(...names)}-more` },
      isLarge,
    ),
  };
}

function viewResults(table: ResultTable, id: string, pages: RecipePages, isLarge: boolean): ResultsView {
  const tasks = [...new Set(table.columns.map((column) => column.task))];
  return {
    ...{ id, isLarge },
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
    rows: table.rows.map((row, position) => viewRow(table, row, position, pages, isLarge)),
  };
}

function startsTask(columns: readonly MetricColumn[], position: number): boolean {
  return columns[position - 1]?.task !== columns[position]?.task;
}

function viewRow(table: ResultTable, row: RecipeRow, position: number, pages: RecipePages, isLarge: boolean): RowView {
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
      return column ? [viewCell(entry, row, column, startsTask(table.columns, index), isLarge)] : [];
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

function viewCell(entry: Entry, row: RecipeRow, column: MetricColumn, isFirst: boolean, isLarge: boolean): CellView {
  const { measured } = column;
  if (entry.status === 'done') {
    const sort = Number.isFinite(entry.value) ? String(entry.value) : '';
    return {
      sort,
      title: isLarge ? '' : describeEntry(entry, column),
      isFirst,
      measured,
      done: viewDone(entry, row, column, isLarge),
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

function viewDone(entry: DoneEntry, row: RecipeRow, column: MetricColumn, isLarge: boolean): DoneView {
  const { delta } = entry;
  const text = formatEntryDelta(entry, column);
  const best = describeBest(entry, row);
  const sense = delta && describeSense(delta, entry);
  return {
    value: formatEntry(entry, column),
    stderr: formatStderr(entry, column) ?? null,
    isBest: best !== null,
    isTie: !entry.isBest && entry.tiesForBest,
    delta:
      sense && text ? { text: markDelta(text, entry), sense: sense.sense, words: isLarge ? '' : sense.words } : null,
    words: [...(isLarge ? [] : [`n ${formatCount(entry.n)}`]), ...(best === null ? [] : [best])].join(', '),
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
