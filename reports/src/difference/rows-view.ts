import type { RowDifference, RowVerdict } from '@lowbit/core';
import { directionArrow } from '../format-entry.js';
import { formatSignificant } from '../format-number.js';
import { drawIntervalBar, findReach } from '../interval-bar.js';
import { formatDifference, formatPair, formatRange, formatTolerance } from './format-figures.js';
import { verdictMarks, type VerdictMark } from './verdict.js';

/** A row of the table of verdicts, ready for its template; `sort` values are plain numbers, empty where there is none. */
export interface VerdictRowView {
  id: string;
  model: string | null;
  /** The recipe's name in pieces between which a line may end. */
  recipe: string[];
  task: string;
  metric: { name: string; arrow: string; direction: string; protocol: string | null } | null;
  verdict: VerdictMark;
  before: FigureView;
  after: FigureView;
  difference: (FigureView & { range: string | null; bar: string | null }) | null;
  rests: string;
}

interface FigureView {
  text: string;
  sort: string;
}

/** Rows in the order given, some of `all`, whose differences share their axes. `prefix` keeps ids of two tables apart. */
export function viewRows(rows: readonly RowVerdict[], prefix: string, all: readonly RowVerdict[]): VerdictRowView[] {
  const severalModels = new Set(all.map(({ model }) => model)).size > 1;
  const groups = new Map<string, RowDifference[]>();
  for (const row of all) if (row.difference) append(groups, keyOf(row), row.difference);
  const reaches = new Map([...groups].map(([key, differences]) => [key, findReach(differences)]));
  return rows.map((row, index) => viewRow(row, `${prefix}${index + 1}`, severalModels, reaches.get(keyOf(row)) ?? 0));
}

function viewRow(row: RowVerdict, id: string, severalModels: boolean, reach: number): VerdictRowView {
  const { model, recipe, task, verdict, difference } = row;
  const shown = formatPair(row);
  const text = formatDifference(row);
  return {
    id,
    model: severalModels ? model : null,
    recipe: recipe.split(/(?<=[,+(=])/),
    task,
    metric: row.metric === '' ? null : viewMetric(row),
    verdict: verdictMarks[verdict],
    before: { text: shown.before, sort: toSort(row.before) },
    after: { text: shown.after, sort: toSort(row.after) },
    difference:
      difference && text !== undefined
        ? {
            text,
            sort: toSort(difference.value),
            range: formatRange(row) ?? null,
            bar:
              drawIntervalBar(difference, reach, {
                tolerance: difference.scale === 'relative' ? row.tolerance : undefined,
              }) ?? null,
          }
        : null,
    rests: describeRest(row),
  };
}

export function viewMetric({
  metric,
  protocol,
  higherIsBetter,
}: Pick<RowVerdict, 'metric' | 'protocol' | 'higherIsBetter'>) {
  return {
    name: metric,
    arrow: directionArrow({ higherIsBetter }),
    direction: higherIsBetter ? 'higher is better' : 'lower is better',
    protocol: protocol ?? null,
  };
}

const testWords: Record<NonNullable<RowVerdict['test']>, string> = {
  digest: 'not computed again',
  tolerance: 'tolerance',
  mcnemar: 'exact McNemar',
  sign: 'exact sign test',
  bootstrap: 'paired bootstrap',
  series: 'fit of the series',
};

/** What the verdict rests on, then its reason: `exact McNemar, p 0.0021; 12 answers changed`. */
export function describeRest({ test, adjustedP, tolerance, reason }: RowVerdict): string {
  const basis = test && testWords[test];
  const parts = [
    basis,
    adjustedP === undefined ? undefined : `p ${formatSignificant(adjustedP)}`,
    tolerance === undefined || test === 'digest'
      ? undefined
      : `${test === 'tolerance' ? '' : 'tolerance '}${formatTolerance(tolerance)}`,
  ].filter((part) => part !== undefined);
  const rest = parts.join(test === 'tolerance' ? ' ' : ', ');
  return [rest, reason ?? ''].filter((part) => part !== '').join('; ');
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Rows whose differences are drawn on one axis. */
function keyOf({ task, metric, difference }: RowVerdict): string {
  return JSON.stringify([task, metric, difference?.scale]);
}

function toSort(value: number | undefined): string {
  return Number.isFinite(value) ? String(value) : '';
}
