import type { NightPoint, NightSeries } from '@lowbit/core';
import { formatOne } from '../difference/format-figures.js';
import { verdictMarks } from '../difference/verdict.js';
import { unitOf } from '../format-number.js';
import { padDomain, roundTicks } from '../plot-ticks.js';

/** Everything that a chart of one figure over the nights shows, in the units of its axes. */
export interface TrendModel {
  title: string;
  x: { domain: [number, number]; labels: { x: number; text: string }[] };
  y: { domain: [number, number]; ticks: number[] };
  points: TrendPoint[];
  /** Levels of the fit, from a night to a night. */
  levels: { x: number; end: number; y: number }[];
  /** The same facts as one text, for who cannot see the picture. */
  description: string;
}

export interface TrendPoint {
  x: number;
  y: number;
  low: number;
  high: number;
  mark: 'worse' | 'better' | 'near';
  /** Of the line, which is broken where a night has no figure. */
  part: number;
}

const mostLabels = 5;

/** Undefined where fewer than two nights have a figure. */
export function buildTrend(series: NightSeries): TrendModel | undefined {
  const { task, metric, points, levels } = series;
  const { factor, suffix } = scaleOf(series);
  let part = 0;
  const shown = points.flatMap((point, x) => {
    if (Number.isFinite(point.value)) return [{ ...toPoint(point, x, factor), part }];
    part++;
    return [];
  });
  if (shown.length < 2) return undefined;
  const domain = padDomain(
    shown.flatMap(({ low, high }) => [low, high]),
    'linear',
  );
  return {
    title: `${task} ${metric}${suffix}`,
    x: { domain: [-0.5, points.length - 0.5], labels: chooseLabels(points) },
    y: { domain, ticks: roundTicks(domain) },
    points: shown,
    levels: (levels ?? [])
      .filter(({ value }) => Number.isFinite(value))
      .map(({ from, to, value }) => ({ x: from - 0.4, end: to + 0.4, y: value * factor })),
    description: describe(series),
  };
}

function toPoint({ value, stderr, verdict }: NightPoint, x: number, factor: number): Omit<TrendPoint, 'part'> {
  const spread = (stderr ?? 0) * factor;
  const y = value * factor;
  return { x, y, low: y - spread, high: y + spread, mark: verdict ? verdictMarks[verdict].sense : 'near' };
}

const suffixes = { seconds: ', seconds', megabytes: ', MB', perSecond: ', tokens/s' };

function scaleOf({ metric, unit }: NightSeries): { factor: number; suffix: string } {
  if (unitOf(metric) === 'percent') return { factor: 100, suffix: ', percent' };
  return { factor: 1, suffix: unit === undefined ? '' : suffixes[unit] };
}

/** Dates of a few nights, first and last among them; a night's name where its instant cannot be read. */
function chooseLabels(points: readonly NightPoint[]): TrendModel['x']['labels'] {
  const count = Math.min(mostLabels, points.length);
  const places = Array.from({ length: count }, (_, i) =>
    Math.round((i * (points.length - 1)) / Math.max(1, count - 1)),
  );
  let previous = '';
  return places.flatMap((x) => {
    const created = points[x]?.run.created ?? '';
    const text = /^\d{4}-\d\d-\d\d/.exec(created)?.[0].slice(5) ?? '';
    // Nights of one day share a label.
    if (text === '' || text === previous) return [];
    previous = text;
    return [{ x, text }];
  });
}

function describe({ recipe, task, metric, measured, points, levels }: NightSeries): string {
  const show = (value: number): string => formatOne(value, { metric, measured });
  const figures = points.filter(({ value }) => Number.isFinite(value)).slice(-10);
  const steps = (levels ?? []).map(({ value }) => show(value));
  return (
    `${recipe} on ${task}, ${metric}, over ${points.length} nights; the last ${figures.length}: ` +
    `${figures.map(({ value }) => show(value)).join(', ')}${steps.length > 0 ? `; levels of the fit: ${steps.join(', ')}` : ''}.`
  );
}
