import { drawSpec, plotFrame, type PlotLayers, type PlotSpec } from './draw-spec.js';
import { plotSize, type PlotModel, type PlotSeries } from './plot-model.js';
import { styleSeries } from './plot-style.js';

/** Room for the vertical axis: fixed, so that plots beside each other have the same size. */
const yExtent = { minExtent: 34, maxExtent: 34 };

/** Draws a plot as an SVG element. */
export function drawPlot(plot: PlotModel): Promise<string> {
  return drawSpec(toSpec(plot));
}

function toSpec(plot: PlotModel): PlotSpec {
  return {
    ...plotFrame,
    ...plotSize,
    layer: [...drawBaseline(plot), ...plot.series.flatMap((series) => drawSeries(plot, series)), ...drawLabels(plot)],
  };
}

function axes(plot: PlotModel) {
  const format = plot.y.domain[0] >= 1 && plot.y.domain[1] >= 1e4 ? '~s' : '~r';
  return {
    x: {
      field: 'x',
      type: 'quantitative' as const,
      scale: { domain: plot.x.domain, nice: false, zero: false },
      axis: { values: plot.x.ticks, format: '~r', grid: false, title: 'bits per weight' },
    },
    y: {
      field: 'y',
      type: 'quantitative' as const,
      scale: {
        type: plot.scale,
        domain: plot.y.domain,
        nice: false,
        ...(plot.scale === 'linear' ? { zero: false } : {}),
      },
      axis: { values: plot.y.ticks, format, domain: false, title: null, ...yExtent },
    },
  };
}

function drawBaseline(plot: PlotModel): PlotLayers {
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

function drawSeries(plot: PlotModel, series: PlotSeries): PlotLayers {
  const { x, y } = axes(plot);
  const { colour, dash, shape } = styleSeries(series.style);
  const data = { values: series.points };
  return [
    {
      data,
      mark: { type: 'line', stroke: colour, strokeWidth: 1.75, ...(dash.length > 0 ? { strokeDash: dash } : {}) },
      encoding: { x, y },
    },
    {
      data,
      mark: { type: 'rule', stroke: colour, strokeWidth: 1.25 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
    },
    {
      data,
      mark: { type: 'point', filled: true, shape, color: colour, opacity: 1, size: 52 },
      encoding: { x, y },
    },
  ];
}

function drawLabels(plot: PlotModel): PlotLayers {
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
