import { parse, View, Warn } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { plotSize, type PlotModel, type PlotSeries } from './plot-model.js';
import { styleSeries } from './plot-style.js';

/** Room for the vertical axis: fixed, so that plots beside each other have the same size. */
const yExtent = { minExtent: 34, maxExtent: 34 };

type Layers = Extract<TopLevelSpec, { layer: unknown }>['layer'];

/** Draws a plot as an SVG element without script, style or identifiers; needs neither a canvas nor the network. */
export async function drawPlot(plot: PlotModel): Promise<string> {
  const view = new View(parse(compile(toSpec(plot)).spec), { renderer: 'none', logLevel: Warn });
  const svg = await view.toSVG();
  view.finalize();
  return slim(svg);
}

function toSpec(plot: PlotModel): TopLevelSpec {
  const ink = 'var(--muted)';
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...plotSize,
    background: 'transparent',
    padding: { left: 4, right: 8, top: 8, bottom: 4 },
    config: {
      aria: false,
      font: 'inherit',
      view: { stroke: null },
      axis: {
        domainColor: 'var(--line-strong)',
        gridColor: 'var(--line)',
        labelColor: ink,
        labelFontSize: 11,
        labelPadding: 6,
        ticks: false,
        titleColor: ink,
        titleFontSize: 11,
        titleFontWeight: 'normal',
        titlePadding: 8,
      },
    },
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

function drawSeries(plot: PlotModel, series: PlotSeries): Layers {
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

/** Leaves out what only Vega's own runtime reads; text content is escaped, so a tag is what lies between < and >. */
function slim(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag
      .replace(/ (?:class|role|aria-[a-z]+|pointer-events|xmlns:xlink|version)="[^"]*"/g, '')
      .replace(/ opacity="1"/g, '')
      .replace(/(\.\d{3})\d+/g, '$1')
      .replace(/^<svg /, '<svg aria-hidden="true" focusable="false" '),
  );
}
