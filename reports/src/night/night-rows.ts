import type { Night, NightSeries, RowVerdict, RunDifference } from '@lowbit/core';
import { rankVerdict } from '../difference/verdict.js';

/** One metric of a cell in this night: both comparisons, the one that alarms more, and its series. */
export interface NightRow {
  key: Pick<RowVerdict, 'model' | 'recipe' | 'task' | 'metric' | 'protocol' | 'higherIsBetter' | 'measured'>;
  baseline: RowVerdict | undefined;
  last: RowVerdict | undefined;
  /** The more alarming of the two, the baseline's where they are equal; in a first night what failed, else undefined. */
  picked: RowVerdict | undefined;
  against: 'baseline' | 'last night' | undefined;
  series: NightSeries | undefined;
}

type Key = Pick<RowVerdict, 'model' | 'recipe' | 'task' | 'metric'>;

/** In the order of the night's table. */
export function joinRows({ againstBaseline, againstLast, series, failed = [] }: Night): NightRow[] {
  const baseline = index(againstBaseline?.rows ?? []);
  const last = index(againstLast?.rows ?? []);
  const failures = index(failed);
  const lines = index(series);
  const keys = new Map<string, NightRow['key']>();
  for (const row of [...list(againstLast), ...list(againstBaseline), ...failed]) {
    const key = keyOf(row);
    if (!keys.has(key)) keys.set(key, row);
  }
  for (const one of series) if (!keys.has(keyOf(one))) keys.set(keyOf(one), { ...one, protocol: undefined });
  return [...keys].map(([key, row]) => {
    const rows = { baseline: baseline.get(key), last: last.get(key) };
    const picked = failures.get(key);
    const choice = picked ? { picked, against: undefined } : pick(rows.baseline, rows.last);
    return { key: row, ...rows, ...choice, series: lines.get(key) };
  });
}

function list(difference: RunDifference | undefined): readonly RowVerdict[] {
  return difference?.rows ?? [];
}

function pick(baseline: RowVerdict | undefined, last: RowVerdict | undefined): Pick<NightRow, 'picked' | 'against'> {
  if (baseline && (!last || rankVerdict(baseline.verdict) <= rankVerdict(last.verdict)))
    return { picked: baseline, against: 'baseline' };
  return { picked: last, against: last && 'last night' };
}

function index<T extends Key>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [keyOf(row), row]));
}

function keyOf({ model, recipe, task, metric }: Key): string {
  return JSON.stringify([model, recipe, task, metric]);
}
