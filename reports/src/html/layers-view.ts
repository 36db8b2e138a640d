import type { LayerRecord } from '@lowbit/core';
import { formatSignificant } from '../format-number.js';
import type { RecipeRow, ResultTable } from '../result-table.js';

/** One collapsed table of layers for each recipe. */
export interface LayersView {
  recipe: string;
  summary: string;
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

export function viewLayers(table: ResultTable): LayersView[] {
  return table.rows.filter((row) => row.layers.length > 0).map(viewRecipe);
}

function viewRecipe(row: RecipeRow): LayersView {
  // Embedding and head lie outside the blocks and keep their names.
  const prefix = commonPrefix(row.layers.filter(({ block }) => block !== undefined).map(({ layer }) => layer));
  const shorten = ({ layer }: LayerRecord): string => (layer.startsWith(prefix) ? layer.slice(prefix.length) : layer);
  return {
    recipe: row.recipe,
    summary: summarise(row, shorten),
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
function summarise({ layers, fallbacks }: RecipeRow, shorten: (layer: LayerRecord) => string): string {
  const parts = [`${layers.length} layers`];
  const errors = layers.flatMap((layer) =>
    layer.outputError === undefined ? [] : { layer, error: layer.outputError },
  );
  const sorted = errors.sort((a, b) => a.error - b.error);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const worst = sorted.at(-1);
  if (middle && worst)
    parts.push(
      `output error: median ${percent(middle.error)} %, largest ${percent(worst.error)} % (${shorten(worst.layer)})`,
    );
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

/** The part before the last dot that all names share: `model.layers.`. It says nothing in a row. */
function commonPrefix(names: readonly string[]): string {
  let prefix = names[0] ?? '';
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return names.length > 1 ? prefix.slice(0, prefix.lastIndexOf('.') + 1) : '';
}
