import { formatEntry } from './format-entry.js';
import { formatSignificant } from './format-number.js';
import { chooseLabels, type PlotLabel } from './plot-labels.js';
import { logTicks, padDomain, roundTicks } from './plot-ticks.js';
import type { DoneEntry, MetricColumn, RecipeRow, ResultTable } from './result-table.js';

/** Everything that a plot of one metric against bits per weight shows, in the units of its axes. */
export interface PlotModel {
  title: string;
  /** `↑ higher is better` or `↓ lower is better`, with the unit. */
  direction: string;
  scale: 'log' | 'linear';
  x: { domain: [number, number]; ticks: number[] };
  y: { domain: [number, number]; ticks: number[] };
  baseline: { y: number; label: string; side: 'above' | 'below' } | undefined;
  series: PlotSeries[];
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
  x: number;
  y: number;
  low: number;
  high: number;
}

/** Size of the plotting area in pixels, axes aside. */
export const plotSize = { width: 320, height: 200 };

/** A perplexity that grows by more than this between float and the worst recipe is drawn on a logarithmic axis. */
const logFrom = 3;

/** Names of all series but float, in table order; their place is their style. */
export function listSeries(table: ResultTable): string[] {
  return [...new Set(table.rows.filter((row) => !row.isFloat).map((row) => row.series))];
}

/** One plot for the first metric of each task; none for a task without a quantized figure. */
export function buildPlots(table: ResultTable): PlotModel[] {
  // Measurements differ from execution to execution; a plot must not.
  const scored = table.columns.filter(({ measured }) => !measured);
  const tasks = [...new Set(scored.map((column) => column.task))];
  return tasks.flatMap((task) => {
    const position = table.columns.findIndex((column) => column.task === task);
    const column = table.columns[position];
    return column ? (buildPlot(table, column, position) ?? []) : [];
  });
}

function buildPlot(table: ResultTable, column: MetricColumn, position: number): PlotModel | undefined {
  const factor = column.unit === 'percent' ? 100 : 1;
  const series = collectSeries(table, position, factor);
  if (series.length === 0) return undefined;

  const floatEntry = table.rows.find((row) => row.isFloat)?.entries[position];
  const float = floatEntry?.status === 'done' && Number.isFinite(floatEntry.value) ? floatEntry : undefined;
  const values = series.flatMap(({ points }) => points).flatMap(({ low, high }) => [low, high]);
  if (float) values.push(float.value * factor);
  const scale = chooseScale(values, column);
  const domain = padDomain(values, scale);
  const { labels, reserve } = chooseLabels(series, { scale, domain, ...plotSize });

  return {
    title: `${column.task} ${column.metric}${column.unit === 'percent' ? ', percent' : ''}`,
    direction: column.higherIsBetter ? '↑ higher is better' : '↓ lower is better',
    scale,
    x: bitsAxis(table, reserve),
    y: { domain, ticks: scale === 'log' ? logTicks(domain) : roundTicks(domain) },
    baseline: float && {
      y: float.value * factor,
      label: `float ${formatEntry(float, column)}`,
      side: column.higherIsBetter ? 'above' : 'below',
    },
    series,
    labels,
    description: describe(column, float, series),
  };
}

function collectSeries(table: ResultTable, position: number, factor: number): PlotSeries[] {
  return listSeries(table)
    .map((name, style) => {
      const rows = table.rows.filter((row) => row.series === name && !row.isFloat);
      const points = rows.flatMap((row) => toPoint(row, row.entries[position], factor));
      return { name, style, points: points.sort((a, b) => a.x - b.x) };
    })
    .filter(({ points }) => points.length > 0);
}

function chooseScale(values: readonly number[], { unit }: MetricColumn): PlotModel['scale'] {
  const smallest = Math.min(...values);
  return unit === 'plain' && smallest > 0 && Math.max(...values) > logFrom * smallest ? 'log' : 'linear';
}

function toPoint(row: RecipeRow, entry: RecipeRow['entries'][number] | undefined, factor: number): PlotPoint[] {
  if (entry?.status !== 'done' || !Number.isFinite(entry.value) || !isKnown(row.bitsPerWeight)) return [];
  const y = entry.value * factor;
  const spread = (entry.stderr ?? 0) * factor;
  // An error bar that reaches zero has no place on a logarithmic axis: it ends at a tenth of the value.
  const low = entry.value > 0 ? Math.max(y - spread, y / 10) : y - spread;
  return [{ x: row.bitsPerWeight, y, low, high: y + spread }];
}

function isKnown(bits: number | undefined): bits is number {
  return Number.isFinite(bits);
}

/** One axis for all plots of a model, whole bits as ticks; `reserve` is the share of the width kept free for labels. */
function bitsAxis(table: ResultTable, reserve: number): PlotModel['x'] {
  const bits = table.rows.flatMap((row) => (row.isFloat ? [] : (row.bitsPerWeight ?? [])));
  const smallest = Math.min(...bits);
  const largest = Math.max(...bits);
  const span = Math.max(largest - smallest, 1);
  const right = largest + 0.06 * span;
  // The whole number below the first point is on the axis even when no label needs the room.
  const left = Math.min(Math.floor(smallest), (smallest - reserve * right) / (1 - reserve));
  const step = span > 9 ? 2 : 1;
  const ticks: number[] = [];
  for (let tick = Math.ceil(Math.max(left, 1) / step) * step; tick <= right; tick += step) ticks.push(tick);
  return { domain: [left, right], ticks };
}

function describe(column: MetricColumn, float: DoneEntry | undefined, series: readonly PlotSeries[]): string {
  const lines = series.map(({ name, points }) => {
    const figures = points.map(({ x, y }) => `${formatSignificant(y)} at ${x.toFixed(2)} bits per weight`);
    return `${name} ${figures.join(', ')}`;
  });
  const baseline = float ? [`float ${formatEntry(float, column)}`] : [];
  return `${column.task} ${column.metric} against bits per weight: ${[...baseline, ...lines].join('; ')}.`;
}
