import { parse, View, Warn } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export type PlotSpec = TopLevelSpec;
export type PlotLayers = Extract<TopLevelSpec, { layer: unknown }>['layer'];

const ink = 'var(--muted)';

/** What all plots share: colours are variables of the page's style sheet, so that one picture serves light, dark and paper. */
export const plotFrame = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
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
} as const;

/** Draws a plot as an SVG element without script, style or identifiers; needs neither a canvas nor the network. */
export async function drawSpec(spec: PlotSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none', logLevel: Warn });
  const svg = await view.toSVG();
  view.finalize();
  return slim(svg);
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
