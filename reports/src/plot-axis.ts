import { formatSignificant } from './format-number.js';
import { logTicks, padDomain, type Domain } from './plot-ticks.js';
import type { RecipeRow, ResultTable } from './result-table.js';

/** What a recipe costs, as the horizontal axis of a plot. */
export interface CostAxis {
  title: string;
  scale: 'log' | 'linear';
  costOf(row: RecipeRow): number | undefined;
  /** A cost in a sentence. */
  format(cost: number): string;
  /** `reserve` is the share of the width kept free for labels. */
  range(reserve: number): { domain: Domain; ticks: number[] };
}

/** One axis for all plots of a model, whole bits as ticks. */
export function bitsAxis(table: ResultTable): CostAxis {
  return {
    title: 'bits per weight',
    scale: 'linear',
    costOf: ({ bitsPerWeight }) => bitsPerWeight,
    format: (bits) => `${bits.toFixed(2)} bits per weight`,
    range(reserve) {
      const bits = table.rows.flatMap((row) => (row.isFloat ? [] : (row.bitsPerWeight ?? [])));
      const smallest = Math.min(...bits);
      const largest = Math.max(...bits);
      const right = largest + 0.06 * Math.max(largest - smallest, 1);
      // The whole number below the first point is on the axis even when no label needs the room.
      const left = Math.min(Math.floor(smallest), (smallest - reserve * right) / (1 - reserve));
      const step = Math.max(largest - smallest, 1) > 9 ? 2 : 1;
      const ticks: number[] = [];
      for (let tick = Math.ceil(Math.max(left, 1) / step) * step; tick <= right; tick += step) ticks.push(tick);
      return { domain: [left, right], ticks };
    },
  };
}

/** Seconds that went into making each recipe's artifact, by its name; those that were there already have none. */
export function secondsAxis(seconds: ReadonlyMap<string, number>): CostAxis {
  return {
    title: 'seconds to quantize',
    scale: 'log',
    costOf: ({ recipe }) => seconds.get(recipe),
    format: (cost) => `${formatSignificant(cost)} seconds`,
    range(reserve) {
      const [low, high] = padDomain([...seconds.values()], 'log');
      const least = Math.min(low, high / 3);
      const domain: Domain = [least / (high / least) ** (reserve / (1 - reserve)), high];
      return { domain, ticks: logTicks(domain) };
    },
  };
}
