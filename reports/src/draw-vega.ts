import { parse, View, Warn } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export type Layers = Extract<TopLevelSpec, { layer: unknown }>['layer'];

/** Draws layers as an SVG element without script, style or identifiers; needs neither a canvas nor the network. */
export async function drawLayers(size: { width: number; height: number }, layer: Layers): Promise<string> {
  const view = new View(parse(compile(toSpec(size, layer)).spec), { renderer: 'none', logLevel: Warn });
  const svg = await view.toSVG();
  view.finalize();
  return slim(svg);
}

/** Colours are variables of the page's style sheet, so that one picture serves light, dark and paper. */
function toSpec(size: { width: number; height: number }, layer: Layers): TopLevelSpec {
  const ink = 'var(--muted)';
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...size,
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
    layer,
  };
}

/** Leaves out what only Vega's own runtime reads; text content is escaped, so a tag is what lies between < and >. */
function slim(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag
      .replace(/ (?:class|role|aria-[a-z]+|pointer-events|xmlns:xlink|version)="[^"]*"/g, '')
      .replace(/ opacity="1"/g, '')
      .replace(/(\.\d{2})\d+/g, '$1')
      .replace(/^<svg /, '<svg aria-hidden="true" focusable="false" '),
  );
}
