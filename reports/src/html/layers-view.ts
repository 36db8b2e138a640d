import type { LayerRecord } from '@lowbit/core';
import { formatSignificant } from '../format-number.js';
import {
  buildMap,
  drawLargeMap,
  drawSmallMap,
  figureNames,
  formatLayer,
  scaleOf,
  type LayerFigure,
  type MapScale,
} from '../layer-map.js';
import type { RecipePages } from '../recipe-pages.js';
import type { RecipeRow, ResultTable } from '../result-table.js';

/** A row a recipe: the middle and the worst of its layers, and small maps. */
export interface LayersView {
  id: string;
  /** `weight error 0.8 % to 46 %`: the ends of the maps' shades. */
  scales: string[];
  hasOutput: boolean;
  rows: {
    recipe: string;
    href: string;
    layers: string;
    weight: ErrorView;
    output: ErrorView | null;
    beaten: string;
    beatenSort: string;
    fallbacks: string;
  }[];
}

interface ErrorView {
  median: string;
  sort: string;
  largest: string;
  largestSort: string;
  worst: string;
  map: string | null;
  description: string;
}

const errors = ['weightError', 'outputError'] as const;
type Scales = Partial<Record<LayerFigure, MapScale>>;

const known = new WeakMap<ResultTable, Scales>();

/** One scale a figure for all recipes of a model, which see the same inputs. Kept: each recipe's page asks for it. */
function scalesOf(table: ResultTable): Scales {
  const layers = (): LayerRecord[] => table.rows.flatMap((row) => row.layers);
  const scales = known.get(table) ?? {
    weightError: scaleOf(layers(), 'weightError'),
    outputError: scaleOf(layers(), 'outputError'),
  };
  known.set(table, scales);
  return scales;
}

export function viewLayers(table: ResultTable, pages: RecipePages): LayersView | null {
  const rows = table.rows.filter((row) => row.layers.length > 0);
  if (rows.length === 0) return null;
  const scales = scalesOf(table);
  const id = `${pages.modelId(table.model.name)}-layers`;
  return {
    id,
    scales: describeScales(scales),
    hasOutput: scales.outputError !== undefined,
    rows: rows.map((row) => {
      const ratios = row.layers.flatMap((layer) => toRatio(layer) ?? []);
      const beaten = ratios.filter((ratio) => ratio < 1).length;
      const isKnown = ratios.some((ratio) => ratio !== 1);
      return {
        ...{ recipe: row.recipe, href: `${pages.href(row.recipe)}#${id}` },
        layers: String(row.layers.length),
        weight: viewError(row, 'weightError', scales),
        output: scales.outputError ? viewError(row, 'outputError', scales) : null,
        beaten: isKnown ? `${beaten} of ${ratios.length}` : '–',
        beatenSort: isKnown ? String(beaten / ratios.length) : '',
        fallbacks: String(row.fallbacks.length),
      };
    }),
  };
}

function describeScales(scales: Scales): string[] {
  return errors.flatMap((figure) => {
    const scale = scales[figure];
    if (!scale) return [];
    return [
      `${figureNames[figure].toLowerCase()} ${formatLayer(scale.low, figure)} to ${formatLayer(scale.high, figure)}`,
    ];
  });
}

function viewError(row: RecipeRow, figure: 'weightError' | 'outputError', scales: Scales): ErrorView {
  const known = row.layers.flatMap((layer) => {
    const error = layer[figure];
    return error === undefined || !Number.isFinite(error) ? [] : [{ layer, error }];
  });
  const sorted = known.sort((a, b) => a.error - b.error);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const worst = sorted.at(-1);
  const scale = scales[figure];
  const map = scale && buildMap(row.layers, figure, scale, row.recipe);
  return {
    median: middle ? percent(middle.error) : '–',
    sort: middle ? String(middle.error * 100) : '',
    largest: worst ? percent(worst.error) : '–',
    largestSort: worst ? String(worst.error * 100) : '',
    worst: worst ? shortener(row)(worst.layer) : '',
    map: map ? drawSmallMap(map) : null,
    description: map?.description ?? '',
  };
}

/** One recipe's layers: a map for each figure and a row for each layer. */
export interface RecipeLayersView {
  id: string;
  maps: { id: string; title: string; scale: string; description: string; svg: string }[];
  summary: string;
  /** Whether any layer was measured on the calibration inputs. */
  hasInputs: boolean;
  rows: {
    layer: string;
    bitsPerWeight: string;
    weightError: string;
    outputError: string;
    squared: string;
    ratio: string;
    note: string;
    isFallback: boolean;
  }[];
}

export function viewRecipeLayers(row: RecipeRow, table: ResultTable, id: string): RecipeLayersView | null {
  if (row.layers.length === 0) return null;
  const shared = scalesOf(table);
  const bits = scaleOf(row.layers, 'bitsPerWeight');
  // Bits that differ by the scales of shorter rows alone say nothing.
  const scales: Scales = { ...shared, ...(bits && bits.high > 1.02 * bits.low ? { bitsPerWeight: bits } : {}) };
  const shorten = shortener(row);
  return {
    id,
    maps: ([...errors, 'bitsPerWeight'] as const).flatMap((figure) => {
      const scale = scales[figure];
      const map = scale && buildMap(row.layers, figure, scale, row.recipe);
      if (!map) return [];
      const ends = `${formatLayer(scale.low, figure)} to ${formatLayer(scale.high, figure)}`;
      const whose = figure === 'bitsPerWeight' ? '' : ', the range of all recipes';
      return {
        id: `${id}-${figure}`,
        title: figureNames[figure],
        scale: `shade: ${ends}, logarithmic${whose}`,
        description: map.description,
        svg: drawLargeMap(map),
      };
    }),
    summary: summarise(row),
    hasInputs: row.layers.some((layer) => (layer.outputError ?? layer.squaredOutputError) !== undefined),
    rows: row.layers.map((layer) => ({
      layer: shorten(layer),
      bitsPerWeight: layer.bitsPerWeight.toFixed(2),
      weightError: percent(layer.weightError),
      outputError: percent(layer.outputError),
      squared: layer.squaredOutputError === undefined ? '' : formatSignificant(layer.squaredOutputError),
      ratio: formatRatio(toRatio(layer)),
      note: describeNotes(layer),
      isFallback: layer.fallback !== undefined,
    })),
  };
}

/** What a reader would look for in the rows: the middle, the worst, and whether the method beat rounding. */
export function summarise(row: RecipeRow): string {
  const { layers, fallbacks } = row;
  const parts = [`${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`];
  const { median, largest, worst } = viewError(row, 'outputError', {});
  if (worst !== '') parts.push(`output error: median ${median} %, largest ${largest} % (${worst})`);
  const ratios = layers.flatMap((layer) => toRatio(layer) ?? []);
  if (ratios.some((ratio) => ratio !== 1))
    parts.push(`tr ΔHΔᵀ below RTN's in ${ratios.filter((ratio) => ratio < 1).length} of ${ratios.length}`);
  if (fallbacks.length > 0) parts.push(`${fallbacks.length} fallback${fallbacks.length > 1 ? 's' : ''}`);
  return parts.join(' · ');
}

function toRatio({ squaredOutputError, rtnSquaredOutputError }: LayerRecord): number | undefined {
  if (squaredOutputError === undefined || !rtnSquaredOutputError) return undefined;
  return squaredOutputError / rtnSquaredOutputError;
}

function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? '' : ratio.toFixed(3);
}

function percent(share: number | undefined): string {
  return share === undefined ? '' : formatSignificant(share * 100);
}

function describeNotes(layer: LayerRecord): string {
  const notes = Object.entries(layer.notes ?? {}).map(
    ([key, value]) => `${key} ${typeof value === 'number' ? formatSignificant(value) : value}`,
  );
  return [...(layer.fallback === undefined ? [] : [layer.fallback]), ...notes].join('; ');
}

/** Without what all names in blocks share, `model.layers.`; embedding and head lie outside and keep their names. */
function shortener(row: RecipeRow): (layer: LayerRecord) => string {
  const prefix = commonPrefix(row.layers.filter(({ block }) => block !== undefined).map(({ layer }) => layer));
  return ({ layer }) => (layer.startsWith(prefix) ? layer.slice(prefix.length) : layer);
}

/** The part before the last dot that all names share. */
function commonPrefix(names: readonly string[]): string {
  let prefix = names[0] ?? '';
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return names.length > 1 ? prefix.slice(0, prefix.lastIndexOf('.') + 1) : '';
}
