import { drawLayers, type Layers } from './draw-vega.js';
import type { Standing } from './pareto.js';
import { manyPoints, plotSize, type PlotModel } from './plot-model.js';
import { styleSeries } from './plot-style.js';

/** Room for the vertical axis: fixed, so that plots beside each other have the same size. */
const yExtent = { minExtent: 34, maxExtent: 34 };
/** Lines that join the recipes of a series say nothing any more where there are many. */
const mostLines = 8;

/** The front as a band of steps, the float line, and recipes by series: filled on the front, hollow where open, else faint. */
export function drawPlot(plot: PlotModel): Promise<string> {
  return drawLayers(plotSize, [...drawBaseline(plot), ...drawFront(plot), ...drawSeries(plot), ...drawLabels(plot)]);
}

function axes(plot: PlotModel) {
  const format = plot.y.domain[0] >= 1 && plot.y.domain[1] >= 1e4 ? '~s' : '~r';
  return {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      scale: { type: plot.x.scale, domain: plot.x.domain, nice: false, ...zeroOf(plot.x.scale) },
      axis: { values: plot.x.ticks, format: '~r', grid: false, title: plot.x.title },
    },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      scale: { type: plot.scale, domain: plot.y.domain, nice: false, ...zeroOf(plot.scale) },
      axis: { values: plot.y.ticks, format, domain: false, title: null, ...yExtent },
    },
  };
}

function zeroOf(scale: 'log' | 'linear'): { zero?: false } {
  return scale === 'linear' ? { zero: false } : {};
}

function drawBaseline(plot: PlotModel): Layers {
  if (!plot.baseline) return [];
  const { x, y } = axes(plot);
  const { y: value, label, side } = plot.baseline;
  const [from, to] = plot.x.domain;
  const below = side === 'below';
  return [
    {
      data: { values: [{ x: from, end: to, y: value }] },
      mark: { type: 'rule', stroke: 'var(--muted)', strokeDash: [3, 3], strokeWidth: 1 },
      encoding: { x, x2: { field: 'end' }, y },
    },
    {
      data: { values: [{ x: to, y: value, label }] },
      mark: { type: 'text', align: 'right', dy: below ? 10 : -8, color: 'var(--muted)', fontSize: 11 },
      encoding: { x, y, text: { field: 'label' } },
    },
  ];
}

/** What is to be had for a cost holds up to the next recipe of the front, and from the last one on. */
function drawFront(plot: PlotModel): Layers {
  const { x, y } = axes(plot);
  const last = plot.front.at(-1);
  if (!last) return [];
  const values = [...plot.front, { ...last, x: plot.x.domain[1] }].map((point) => ({ x: point.x, y: point.y }));
  return [
    {
      data: { values },
      mark: {
        type: 'line',
        interpolate: 'step-after',
        stroke: 'var(--front)',
        strokeWidth: 7,
        strokeCap: 'round',
        strokeJoin: 'round',
      },
      encoding: { x, y },
    },
  ];
}

const marks: Record<Standing, { isFilled: boolean; opacity: number }> = {
  front: { isFilled: true, opacity: 1 },
  open: { isFilled: false, opacity: 1 },
  dominated: { isFilled: true, opacity: 0.4 },
};

/** One layer a mark, styles as fields: vega-lite takes its time for each layer. */
function drawSeries(plot: PlotModel): Layers {
  const { x, y } = axes(plot);
  const values = plot.series.flatMap(({ name, style, points }) => {
    const { colour, dash, shape } = styleSeries(style);
    return points.map((point) => {
      const { isFilled, opacity } = marks[point.standing];
      const { recipe: _, standing: __, ...place } = point;
      return { ...place, name, colour, dash, shape, opacity, fill: isFilled ? colour : 'var(--ground)' };
    });
  });
  const own = (field: string) => ({ field, type: 'nominal' as const, scale: null });
  const stroke = own('colour');
  const opacity = { field: 'opacity', type: 'quantitative' as const, scale: null };
  const lines: Layers = plot.series.map(({ name, style }) => {
    const { colour, dash } = styleSeries(style);
    return {
      data: { values: values.filter((each) => each.name === name).map((each) => ({ x: each.x, y: each.y })) },
      mark: { type: 'line', stroke: colour, strokeWidth: 1.25, ...(dash.length > 0 ? { strokeDash: dash } : {}) },
      encoding: { x, y },
    };
  });
  return [
    ...(plot.series.length > mostLines || plot.x.scale === 'log' ? [] : lines),
    {
      // Bars of hundreds would hide the points.
      data: { values: values.length > manyPoints ? [] : values.filter(({ low, high }) => low < high) },
      mark: { type: 'rule', strokeWidth: 1.25 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, stroke, opacity },
    },
    {
      data: { values },
      mark: { type: 'point', size: 48, strokeWidth: 1.25 },
      encoding: { x, y, stroke, fill: own('fill'), shape: own('shape'), opacity },
    },
  ];
}

function drawLabels(plot: PlotModel): Layers {
  return plot.labels.map(({ text, style, x, pixel }) => ({
    data: { values: [{ x, pixel, text }] },
    mark: { type: 'text', align: 'right', dx: -9, color: styleSeries(style).colour, fontSize: 11.5, fontWeight: 600 },
    encoding: {
      x: axes(plot).x,
      y: { field: 'pixel', type: 'quantitative' as const, scale: null, axis: null },
      text: { field: 'text' },
    },
  }));
}
