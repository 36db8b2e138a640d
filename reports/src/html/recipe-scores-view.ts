import type { RunComparisons } from '@lowbit/core';
import { formatEntry, formatEntryDelta, formatStderr } from '../format-entry.js';
import { toRow } from '../forest-model.js';
import { formatCount, formatSignificant, formatValue } from '../format-number.js';
import { drawIntervalBar, findReach } from '../interval-bar.js';
import { formatInterval } from '../pairs.js';
import type { DoneEntry, Entry, MetricColumn, RecipeRow, ResultTable } from '../result-table.js';

/** A recipe's figures, a row a metric, beside float's. */
export interface RecipeScoresView {
  isCompared: boolean;
  family: string | null;
  /** How far the drawn intervals reach, by unit. */
  barScales: string[];
  rows: ScoreRowView[];
}

interface ScoreRowView {
  task: string;
  metric: string;
  measured: boolean;
  /** `failed` and the like, where there is no figure. */
  kind: string | null;
  value: string;
  sort: string;
  stderr: string | null;
  best: boolean;
  isTie: boolean;
  interval: string;
  n: string;
  nSort: string;
  float: string;
  floatSort: string;
  difference: string;
  differenceInterval: string;
  bar: string | null;
  p: string;
  pSort: string;
  told: string;
}

const nothing = {
  ...{ kind: null, sort: '', stderr: null, best: false, isTie: false, interval: '', n: '', nSort: '' },
  ...{ difference: '', differenceInterval: '', bar: null, p: '', pSort: '', told: '' },
};

export function viewRecipeScores(
  table: ResultTable,
  row: RecipeRow,
  comparisons: RunComparisons | undefined,
): RecipeScoresView {
  const float = table.rows.find(({ isFloat }) => isFloat);
  const reaches = measureReaches(table, row, comparisons);
  const rows = table.columns.flatMap((column, position) => {
    const [entry, baseline] = [row.entries[position], float?.entries[position]];
    return entry ? [viewRow(column, entry, baseline, comparisons, reaches)] : [];
  });
  return {
    isCompared: row.entries.some((entry) => entry.status === 'done' && entry.pair?.result !== undefined),
    family: table.family ?? null,
    barScales: [...reaches]
      .filter(([, reach]) => reach > 0)
      .map(([unit, reach]) => `drawn: ±${formatSignificant(reach)}, ${unit}`),
    rows,
  };
}

/** One axis for all differences of a unit, so that rows can be compared. */
function measureReaches(
  table: ResultTable,
  row: RecipeRow,
  comparisons: RunComparisons | undefined,
): Map<string, number> {
  const reaches = new Map<string, number>();
  for (const [position, column] of table.columns.entries())
    for (const { unit, bar } of barOf(row.entries[position], column, comparisons))
      reaches.set(unit, Math.max(reaches.get(unit) ?? 0, findReach([bar])));
  return reaches;
}

/** Of metrics that share a unit with others; nats of one metric are not those of another. */
function barOf(entry: Entry | undefined, column: MetricColumn, comparisons: RunComparisons | undefined) {
  if (entry?.status !== 'done' || !entry.pair || !comparisons) return [];
  return toRow(entry.pair, column, comparisons.level)
    .filter(({ unit }) => !unit.startsWith('in the'))
    .map(({ unit, difference: value, low, high, isTold, sense }) => ({
      unit,
      bar: { value, low, high },
      told: isTold ? sense : ('not' as const),
    }));
}

function viewRow(
  column: MetricColumn,
  entry: Entry,
  baseline: Entry | undefined,
  comparisons: RunComparisons | undefined,
  reaches: ReadonlyMap<string, number>,
): ScoreRowView {
  const isFloatKnown = baseline?.status === 'done';
  const named = {
    task: column.task,
    metric: column.unit === 'percent' ? `${column.metric}, %` : column.metric,
    measured: column.measured,
    float: isFloatKnown ? formatEntry(baseline, column) : '–',
    floatSort: isFloatKnown ? toSort(baseline.value) : '',
  };
  if (entry.status !== 'done') {
    const words = { failed: 'failed', missing: 'no result yet', none: '–' };
    const reason = entry.status === 'failed' ? `: ${entry.code}` : '';
    return { ...nothing, ...named, kind: entry.status, value: `${words[entry.status]}${reason}` };
  }
  const { pair, interval } = entry;
  const result = pair?.result;
  const [drawn] = barOf(entry, column, comparisons);
  return {
    ...nothing,
    ...named,
    value: formatEntry(entry, column),
    sort: toSort(entry.value),
    stderr: formatStderr(entry, column) ?? null,
    best: entry.isBest || entry.tiesForBest,
    isTie: !entry.isBest,
    interval: interval ? `${formatEnd(interval.low, entry, column)} to ${formatEnd(interval.high, entry, column)}` : '',
    n: formatCount(entry.n),
    nSort: String(entry.n),
    difference: formatEntryDelta(entry, column) ?? '',
    differenceInterval: result ? formatInterval(result, column.unit) : '',
    bar: (drawn && drawIntervalBar(drawn.bar, reaches.get(drawn.unit) ?? 0, drawn)) ?? null,
    p: result ? formatSignificant(result.adjustedP) : '',
    pSort: result ? String(result.adjustedP) : '',
    told: result ? (entry.isDistinct ? 'yes' : 'no') : '',
  };
}

function formatEnd(end: number, entry: DoneEntry, column: MetricColumn): string {
  const decimals = /\.(\d+)/.exec(formatEntry(entry, column))?.[1]?.length ?? 0;
  return formatValue(end, column.unit, decimals);
}

function toSort(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}
