import type { LayerShift } from '../store/run-difference.js';
import type { CellResult, LayerRecord } from '../store/types.js';
import { sameArithmeticTolerance } from './tolerances.js';
import type { CellPair } from './pair-cells.js';

const figures = ['weightError', 'outputError', 'bitsPerWeight'] as const;

/**
 * Layers whose figures moved, of recipes with a cell that was computed again, the most moved first. A layer that one of the
 * runs does not have comes before all.
 */
export function findLayerShifts(pairs: readonly CellPair[]): LayerShift[] {
  const seen = new Set<string>();
  const shifts = pairs.flatMap(({ key: { model, recipe }, before, after }) => {
    if (!hasLayers(before) || !hasLayers(after) || before.digest === after.digest) return [];
    const name = JSON.stringify([model, recipe]);
    if (seen.has(name)) return [];
    seen.add(name);
    return shiftsOf(before.layers, after.layers).map((shift) => ({ model, recipe, ...shift }));
  });
  return shifts.sort((a, b) => sizeOf(b) - sizeOf(a));
}

function hasLayers(cell: CellPair['before']): cell is CellResult {
  return typeof cell === 'object' && cell.status === 'done';
}

function shiftsOf(
  before: readonly LayerRecord[],
  after: readonly LayerRecord[],
): Omit<LayerShift, 'model' | 'recipe'>[] {
  const [earlier, later] = [before, after].map((layers) => new Map(layers.map((layer) => [layer.layer, layer])));
  return [...new Set([...(later?.keys() ?? []), ...(earlier?.keys() ?? [])])].flatMap((layer) =>
    figures.flatMap((figure) => {
      const [was, is] = [earlier?.get(layer)?.[figure], later?.get(layer)?.[figure]].map((value) => value ?? undefined);
      return moved(was, is) ? [{ layer, figure, before: was, after: is }] : [];
    }),
  );
}

function moved(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return a !== b;
  return Math.abs(a - b) > sameArithmeticTolerance * Math.max(Math.abs(a), Math.abs(b));
}

/** Relative, the same for a half and a double. */
function sizeOf({ before, after }: LayerShift): number {
  if (before === undefined || after === undefined || before === 0 || after === 0) return Infinity;
  return Math.abs(Math.log(Math.abs(after / before)));
}
