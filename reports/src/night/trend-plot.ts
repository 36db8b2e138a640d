import { drawLayers, type Layers } from '../draw-vega.js';
import type { TrendModel } from './trend-model.js';

/** An axis' own format would round to what its ticks need, and a step of a millionth would vanish. */
const labelExpr = "format(datum.value, '.10~g')";
const size = { width: 340, height: 130 };

/** A line over the nights, levels of its fit, and triangles where a night was worse or better. */
export function drawTrend(trend: TrendModel): Promise<string> {
  return drawLayers(size, [...drawLevels(trend), ...drawLine(trend), ...drawMarks(trend), ...drawDates(trend)]);
}

function axes({ x, y }: TrendModel) {
  return {
    x: { field: 'x', type: 'quantitative' as const, scale: { domain: x.domain, nice: false, zero: false }, axis: null },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      scale: { domain: y.domain, nice: false, zero: false },
      axis: { values: y.ticks, labelExpr, domain: false, title: null, minExtent: 44, maxExtent: 44 },
    },
  };
}

function drawLevels(trend: TrendModel): Layers {
  const { x, y } = axes(trend);
  if (trend.levels.length === 0) return [];
  return [
    {
      data: { values: trend.levels },
      mark: { type: 'rule', stroke: 'var(--series-2)', strokeWidth: 2 },
      encoding: { x, x2: { field: 'end' }, y },
    },
  ];
}

function drawLine(trend: TrendModel): Layers {
  const { x, y } = axes(trend);
  const data = { values: trend.points };
  const hasErrors = trend.points.some(({ low, high }) => low < high);
  return [
    {
      data,
      mark: { type: 'line', stroke: 'var(--series-1)', strokeWidth: 1.25 },
      encoding: { x, y, detail: { field: 'part' } },
    },
    ...(hasErrors
      ? [
          {
            data,
            mark: { type: 'rule' as const, stroke: 'var(--series-1)', strokeWidth: 1 },
            encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
          },
        ]
      : []),
  ];
}

const marks = {
  near: { shape: 'circle', color: 'var(--series-1)', size: 20 },
  worse: { shape: 'triangle-down', color: 'var(--worse)', size: 80 },
  better: { shape: 'triangle-up', color: 'var(--better)', size: 80 },
} as const;

function drawMarks(trend: TrendModel): Layers {
  const { x, y } = axes(trend);
  return (['near', 'worse', 'better'] as const).flatMap((kind) => {
    const values = trend.points.filter(({ mark }) => mark === kind);
    return values.length === 0
      ? []
      : [
          {
            data: { values },
            mark: { type: 'point' as const, filled: true, opacity: 1, ...marks[kind] },
            encoding: { x, y },
          },
        ];
  });
}

/** Text of the page's own, below the plot: an axis would take expressions for its labels. */
function drawDates(trend: TrendModel): Layers {
  const last = trend.x.labels.length - 1;
  return trend.x.labels.map(({ x, text }, index) => ({
    data: { values: [{ x, text }] },
    mark: {
      type: 'text' as const,
      align: index === last && last > 0 ? ('right' as const) : index === 0 ? ('left' as const) : ('center' as const),
      baseline: 'top' as const,
      y: size.height + 8,
      color: 'var(--muted)',
      fontSize: 11,
    },
    encoding: { x: axes(trend).x, text: { field: 'text' } },
  }));
}
