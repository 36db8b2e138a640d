import type { LayerRecord } from '@lowbit/core';
import { formatSignificant } from './format-number.js';

/** What a map of layers can show. */
export type LayerFigure = 'weightError' | 'outputError' | 'bitsPerWeight';

/** Ends of a logarithmic shade, one for all maps that are to be compared. */
export interface MapScale {
  low: number;
  high: number;
}

/** Undefined where no layer of a block has the figure. */
export function scaleOf(layers: readonly LayerRecord[], figure: LayerFigure): MapScale | undefined {
  const values = layers.filter(({ block }) => block !== undefined).map((layer) => layer[figure] ?? 0);
  const known = values.filter((value) => value > 0 && Number.isFinite(value));
  if (known.length === 0) return undefined;
  return known.reduce<MapScale>(
    ({ low, high }, value) => ({ low: Math.min(low, value), high: Math.max(high, value) }),
    { low: Infinity, high: 0 },
  );
}

interface MapCell {
  x: number;
  y: number;
  /** From 0, the least of the scale, to 1; undefined where the layer has no figure. */
  share: number | undefined;
  title: string;
  isFallback: boolean;
}

/** Blocks from left to right, a row a role, as in a block's order. Embedding and head lie in no block and are left out. */
export interface LayerMap {
  roles: string[];
  blocks: number;
  cells: MapCell[];
  /** The map in a sentence. */
  description: string;
}

export function buildMap(
  layers: readonly LayerRecord[],
  figure: LayerFigure,
  scale: MapScale,
  recipe: string,
): LayerMap | undefined {
  const placed = layers.flatMap((layer) => (layer.block === undefined ? [] : [{ ...layer, block: layer.block }]));
  const known = placed.filter((layer) => (layer[figure] ?? 0) > 0);
  if (known.length === 0) return undefined;
  const roles = [...new Set(placed.map(roleOf))];
  const span = Math.log(scale.high / scale.low);
  const cells = placed.map((layer): MapCell => {
    const value = layer[figure];
    const share = value !== undefined && value > 0 ? (span > 0 ? Math.log(value / scale.low) / span : 0.5) : undefined;
    return {
      x: layer.block,
      y: roles.indexOf(roleOf(layer)),
      share: share === undefined ? undefined : Math.min(1, Math.max(0, share)),
      title: `${layer.layer}: ${formatLayer(value, figure)}${layer.fallback === undefined ? '' : `, ${layer.fallback}`}`,
      isFallback: layer.fallback !== undefined,
    };
  });
  const sorted = [...known].sort((a, b) => (a[figure] ?? 0) - (b[figure] ?? 0));
  const [least, most] = [sorted[0], sorted.at(-1)];
  return {
    roles,
    blocks: Math.max(...placed.map(({ block }) => block)) + 1,
    cells,
    description: `${figureNames[figure]} of ${recipe} by block and role: from ${formatLayer(least?.[figure], figure)} (${least?.layer}) to ${formatLayer(most?.[figure], figure)} (${most?.layer})`,
  };
}

export const figureNames: Record<LayerFigure, string> = {
  weightError: 'Weight error',
  outputError: 'Output error',
  bitsPerWeight: 'Bits per weight',
};

/** Errors in percent. */
export function formatLayer(value: number | undefined, figure: LayerFigure): string {
  if (value === undefined || !Number.isFinite(value)) return 'not known';
  return figure === 'bitsPerWeight' ? value.toFixed(2) : `${formatSignificant(value * 100)} %`;
}

/** The module's own name, `q_proj`. */
function roleOf({ layer, role }: LayerRecord): string {
  return layer.slice(layer.lastIndexOf('.') + 1) || role;
}

/** Shades of the small map: a cell is then a stroke of a path, because a page may have hundreds of maps. */
const shades = 12;

/** A map without text, to stand in a row of a table; `cell` is the pixels of a side. */
export function drawSmallMap({ roles, blocks, cells }: LayerMap, cell = 5): string {
  const paths = Array.from({ length: shades }, (_, shade) => {
    const own = cells.filter(({ share }) => share !== undefined && Math.round(share * (shades - 1)) === shade);
    const opacity = Math.max(0.04, shade / (shades - 1)).toFixed(2);
    return own.length === 0 ? '' : `<path stroke-opacity="${opacity}" d="${own.map(stroke).join('')}"/>`;
  });
  const fallbacks = cells.filter(({ isFallback }) => isFallback).map(stroke);
  const marks = fallbacks.length > 0 ? `<path class="fallback" d="${fallbacks.join('')}"/>` : '';
  // Strokes are as wide as a cell but for a gap, and lie on whole numbers.
  return `<svg class="map" viewBox="0 -.5 ${blocks} ${roles.length}" width="${blocks * cell}" height="${roles.length * cell}">${paths.join('')}${marks}</svg>`;
}

function stroke({ x, y }: MapCell): string {
  return `M${x} ${y}h.9`;
}

/** A map with its roles and blocks named, and each layer's figure at the pointer. */
export function drawLargeMap({ roles, blocks, cells }: LayerMap): string {
  const size = blocks > 40 ? 12 : 18;
  const left = 8 + 7 * Math.max(...roles.map(({ length }) => length));
  const width = left + blocks * size;
  const step = blocks > 16 ? 4 : 1;
  const names = roles.map((role, y) => text(left - 6, y * size + size / 2 + 4, 'end', role));
  const numbers = Array.from({ length: Math.ceil(blocks / step) }, (_, index) =>
    text(left + (index * step + 0.5) * size, roles.length * size + 13, 'middle', String(index * step)),
  );
  const squares = cells.map(({ x, y, share, title, isFallback }) => {
    const shade = share === undefined ? 'fill="none"' : `fill-opacity="${Math.max(0.03, share).toFixed(2)}"`;
    const mark = isFallback ? ' class="fallback"' : '';
    return `<rect${mark} x="${left + x * size}" y="${y * size}" width="${size - 1}" height="${size - 1}" ${shade}><title>${escapeXml(title)}</title></rect>`;
  });
  const height = roles.length * size + 18;
  return `<svg class="heat" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true" focusable="false">${names.join('')}${squares.join('')}${numbers.join('')}</svg>`;
}

function text(x: number, y: number, anchor: string, content: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}
