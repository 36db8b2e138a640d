import type { PairComparison, RunComparisons } from '@lowbit/core';
import { formatEnd, isDistinct } from './pairs.js';
import { listPlottedColumns } from './plot-model.js';
import { padDomain, roundTicks, type Domain } from './plot-ticks.js';
import type { MetricColumn, ResultTable } from './result-table.js';

/** Differences of recipes to float on one metric, with their intervals. */
export interface ForestModel {
  task: string;
  metric: string;
  title: string;
  /** `percent of float`, or `points`. */
  unit: string;
  scale: 'linear' | 'symlog';
  domain: Domain;
  ticks: number[];
  /** As they are drawn: ends cut to the axis, where a resample left them open. */
  rows: ForestRow[];
  /** The same as they were found. */
  figures: ForestRow[];
  description: string;
}

export interface ForestRow {
  recipe: string;
  difference: number;
  /** Ends of the interval. */
  low: number;
  high: number;
  /** Told from float after the correction. */
  isTold: boolean;
  sense: 'better' | 'worse';
}

/** A relative difference beyond this many percent is drawn on an axis that is logarithmic away from zero. */
const linearUpTo = 100;

/** One for each task whose samples were compared with float's; `isShown` leaves recipes of long tables out. */
export function buildForests(
  table: ResultTable,
  comparisons: RunComparisons | undefined,
  isShown: (task: string, recipe: string) => boolean = () => true,
): ForestModel[] {
  if (!comparisons) return [];
  return listPlottedColumns(table).flatMap((position) => {
    const column = table.columns[position];
    if (!column || column.group) return [];
    const rows = table.rows.flatMap((row) => {
      const entry = row.entries[position];
      if (entry?.status !== 'done' || !entry.pair || !isShown(column.task, row.recipe)) return [];
      return toRow(entry.pair, column, comparisons.level);
    });
    const unit = rows[0]?.unit;
    return unit === undefined ? [] : [toModel(column, unit, rows)];
  });
}

/** In percent or points; undefined where the two were not compared. */
export function toRow(
  pair: PairComparison,
  column: Pick<MetricColumn, 'unit' | 'higherIsBetter'>,
  level: number,
): (ForestRow & { unit: string })[] {
  const { recipe, result } = pair;
  if (!result || !Number.isFinite(result.difference)) return [];
  const isRelative = result.scale === 'relative';
  const factor = isRelative || column.unit === 'percent' ? 100 : 1;
  const unit = isRelative ? 'percent of float' : column.unit === 'percent' ? 'points' : 'in the metric’s unit';
  return [
    {
      ...{ recipe, unit, isTold: isDistinct(pair, level) ?? false },
      difference: result.difference * factor,
      low: (result.low ?? -Infinity) * factor,
      high: (result.high ?? Infinity) * factor,
      sense: result.difference > 0 === column.higherIsBetter ? 'better' : 'worse',
    },
  ];
}

function toModel(column: MetricColumn, unit: string, found: readonly ForestRow[]): ForestModel {
  const ends = found.flatMap(({ difference, low, high }) => [difference, low, high]).filter(Number.isFinite);
  const values = [0, ...ends];
  const isWide = Math.max(...values.map(Math.abs)) > linearUpTo;
  const domain: Domain = isWide
    ? [Math.min(0, ...values) * 1.3, Math.max(0, ...values) * 1.3]
    : padDomain(values, 'linear');
  const cut = (value: number): number => Math.min(domain[1], Math.max(domain[0], value));
  const rows = found.map((row) => ({ ...row, low: cut(row.low), high: cut(row.high) }));
  const facts = found.map(
    ({ recipe, difference, low, high, isTold }) =>
      `${recipe} ${formatEnd(difference)} (${formatEnd(low)} to ${formatEnd(high)}${isTold ? ', told apart' : ''})`,
  );
  return {
    task: column.task,
    metric: column.metric,
    title: `${column.task} ${column.metric}`,
    unit,
    scale: isWide ? 'symlog' : 'linear',
    domain,
    ticks: isWide ? powersOfTen(domain) : roundTicks(domain),
    rows,
    figures: [...found],
    description: `Differences to float in ${column.task} ${column.metric}, ${unit}: ${facts.join('; ')}.`,
  };
}

function powersOfTen([low, high]: Domain): number[] {
  const powers = Array.from({ length: 13 }, (_, power) => 10 ** power);
  const stride = powers.filter((power) => power <= high).length > 5 ? 2 : 1;
  const kept = powers.filter((_, index) => index % stride === 0);
  return [...kept.map((power) => -power).reverse(), 0, ...kept].filter((tick) => tick >= low && tick <= high);
}
