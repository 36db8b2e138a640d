import type { RunComparisons } from '@lowbit/core';
import { formatEntry } from './format-entry.js';
import { formatSignificant } from './format-number.js';
import { indexPairs, isDistinct } from './pairs.js';
import { rankPareto, type Standing } from './pareto.js';
import { bitsAxis, type CostAxis } from './plot-axis.js';
import { chooseLabels, type PlotLabel } from './plot-labels.js';
import { logTicks, padDomain, roundTicks } from './plot-ticks.js';
import type { DoneEntry, MetricColumn, RecipeRow, ResultTable } from './result-table.js';

/** Everything that a plot of one metric against what a recipe costs shows, in the units of its axes. */
export interface PlotModel {
  task: string;
  metric: string;
  title: string;
  /** `↑ higher is better` or `↓ lower is better`, with the unit. */
  direction: string;
  scale: 'log' | 'linear';
  x: { title: string; scale: 'log' | 'linear'; domain: [number, number]; ticks: number[] };
  y: { domain: [number, number]; ticks: number[] };
  baseline: { y: number; label: string; side: 'above' | 'below' } | undefined;
  series: PlotSeries[];
  /** Undominated points from cheap to dear. */
  front: PlotPoint[];
  labels: PlotLabel[];
  /** The same facts as one text, for who cannot see the picture. */
  description: string;
}

export interface PlotSeries {
  name: string;
  /** Place in the list of all series of the page: the same colour, dash and shape in each plot. */
  style: number;
  points: PlotPoint[];
}

export interface PlotPoint {
  recipe: string;
  x: number;
  y: number;
  low: number;
  high: number;
  standing: Standing;
}

/** Size of the plotting area in pixels, axes aside. */
export const plotSize = { width: 320, height: 200 };

/** A perplexity that grows by more than this between float and the worst recipe is drawn on a logarithmic axis. */
const logFrom = 3;
/** More points than this are not read out one by one, but those of the front are; and they have no error bars. */
export const manyPoints = 60;

/** Names of all series but float, in table order; their place is their style. */
export function listSeries(table: ResultTable): string[] {
  return [...new Set(table.rows.filter((row) => !row.isFloat).map((row) => row.series))];
}

/** The first metric of each task: its place among the columns. */
export function listPlottedColumns({ columns }: ResultTable): number[] {
  // Measurements differ from execution to execution; a plot must not.
  const tasks = new Set(columns.filter(({ measured }) => !measured).map(({ task }) => task));
  return [...tasks].map((task) => columns.findIndex((column) => column.task === task && !column.measured));
}

/** One plot against bits per weight for the first metric of each task; none for a task without a quantized figure. */
export function buildPlots(table: ResultTable, comparisons?: RunComparisons): PlotModel[] {
  return listPlottedColumns(table).flatMap(
    (position) => buildPlot(table, position, bitsAxis(table), comparisons) ?? [],
  );
}

/** The column at `position` against a cost; undefined where no quantized recipe has both. */
export function buildPlot(
  table: ResultTable,
  position: number,
  axis: CostAxis,
  comparisons?: RunComparisons,
): PlotModel | undefined {
  const column = table.columns[position];
  if (!column) return undefined;
  const factor = column.unit === 'percent' ? 100 : 1;
  const series = collectSeries(table, position, factor, axis);
  const points = series.flatMap((each) => each.points);
  if (points.length === 0) return undefined;
  rankPoints(table, column, points, comparisons);

  const floatEntry = table.rows.find((row) => row.isFloat)?.entries[position];
  const float = floatEntry?.status === 'done' && Number.isFinite(floatEntry.value) ? floatEntry : undefined;
  const values = points.flatMap(({ low, high }) => [low, high]);
  if (float) values.push(float.value * factor);
  const scale = chooseScale(values, column);
  const domain = padDomain(values, scale);
  const { labels, reserve } = chooseLabels(series, { scale, domain, ...plotSize });
  const front = points.filter(({ standing }) => standing === 'front').sort((a, b) => a.x - b.x);

  return {
    task: column.task,
    metric: column.metric,
    title: `${column.task} ${column.metric}${column.unit === 'percent' ? ', percent' : ''}`,
    direction: column.higherIsBetter ? '↑ higher is better' : '↓ lower is better',
    scale,
    x: { title: axis.title, scale: axis.scale, ...axis.range(reserve) },
    y: { domain, ticks: scale === 'log' ? logTicks(domain) : roundTicks(domain) },
    baseline: float && {
      y: float.value * factor,
      label: `float ${formatEntry(float, column)}`,
      side: column.higherIsBetter ? 'above' : 'below',
    },
    series,
    front,
    labels,
    description: describe(column, axis, float, series, front),
  };
}

function collectSeries(table: ResultTable, position: number, factor: number, axis: CostAxis): PlotSeries[] {
  return listSeries(table)
    .map((name, style) => {
      const rows = table.rows.filter((row) => row.series === name && !row.isFloat);
      const points = rows.flatMap((row) => toPoint(row, row.entries[position], factor, axis));
      return { name, style, points: points.sort((a, b) => a.x - b.x) };
    })
    .filter(({ points }) => points.length > 0);
}

function rankPoints(
  { model }: ResultTable,
  column: MetricColumn,
  points: readonly PlotPoint[],
  comparisons: RunComparisons | undefined,
): void {
  const pairs = indexPairs(comparisons);
  const isTold = (one: string, other: string): boolean | undefined =>
    comparisons && isDistinct(pairs.find(model.name, column, one, other), comparisons.level);
  const standings = rankPareto(points, column.higherIsBetter, isTold);
  points.forEach((point, index) => (point.standing = standings[index] ?? 'dominated'));
}

function chooseScale(values: readonly number[], { unit }: MetricColumn): PlotModel['scale'] {
  const smallest = Math.min(...values);
  return unit === 'plain' && smallest > 0 && Math.max(...values) > logFrom * smallest ? 'log' : 'linear';
}

function toPoint(
  row: RecipeRow,
  entry: RecipeRow['entries'][number] | undefined,
  factor: number,
  axis: CostAxis,
): PlotPoint[] {
  const x = axis.costOf(row);
  if (entry?.status !== 'done' || !Number.isFinite(entry.value) || x === undefined || !Number.isFinite(x)) return [];
  const y = entry.value * factor;
  const spread = (entry.stderr ?? 0) * factor;
  // An error bar that reaches zero has no place on a logarithmic axis: it ends at a tenth of the value.
  const low = entry.value > 0 ? Math.max(y - spread, y / 10) : y - spread;
  return [{ recipe: row.recipe, x, y, low, high: y + spread, standing: 'dominated' }];
}

function describe(
  column: MetricColumn,
  axis: CostAxis,
  float: DoneEntry | undefined,
  series: readonly PlotSeries[],
  front: readonly PlotPoint[],
): string {
  const at = ({ x, y }: PlotPoint): string => `${formatSignificant(y)} at ${axis.format(x)}`;
  const lines = series.map(({ name, points }) => `${name} ${points.map(at).join(', ')}`);
  const all = series.reduce((sum, { points }) => sum + points.length, 0);
  const best = front.map((point) => `${point.recipe} ${at(point)}`);
  const baseline = float ? [`float ${formatEntry(float, column)}`] : [];
  const read = all > manyPoints ? [`${all} recipes, on the Pareto front ${best.join(', ')}`] : lines;
  const count = all > manyPoints ? [] : [`on the Pareto front: ${front.map(({ recipe }) => recipe).join(', ')}`];
  return `${column.task} ${column.metric} against ${axis.title}: ${[...baseline, ...read, ...count].join('; ')}.`;
}
