import type { Divergence } from './token-scorer.js';

/** How many scored tokens have which KL(float || model), on a logarithmic grid that is the same in every cell. */
export interface KlHistogram {
  /** nats: where the first bin of the grid begins; `counts[0]` is below it, zeros and rounding included. */
  low: number;
  /** Bins of a factor of ten. */
  perDecade: number;
  /** The last is at the end of the grid or beyond. */
  counts: number[];
}

/** From the rounding of float32 distributions (`docs/decisions/0012`) to more than a vocabulary can differ by. */
const low = 1e-6;
const decades = 8;
const perDecade = 8;

/** Over the tokens of all documents; undefined where nothing was compared. */
export function countDivergence(windows: readonly Divergence[]): KlHistogram | undefined {
  if (windows.length === 0) return undefined;
  const bins = decades * perDecade;
  const counts = Array<number>(bins + 2).fill(0);
  for (const { kl } of windows)
    for (const each of kl) {
      const place = each >= low ? Math.floor(Math.log10(each / low) * perDecade) + 1 : 0;
      counts[Math.min(place, bins + 1)]++;
    }
  return { low, perDecade, counts };
}
