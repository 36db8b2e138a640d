import type { KlHistogram } from '@lowbit/core';

export interface KlPlot {
  svg: string;
  /** Powers of ten below the axis, with their place in percent of the width. */
  ticks: { label: string; place: number }[];
}

const height = 30;
/** Bins drawn: as many as a small picture can show. */
const binsPerDecade = 4;

/** Share of tokens in each bin, as steps; what lies beyond the grid is in the first and the last. `width` in pixels. */
export function drawKl({ low, perDecade, counts }: KlHistogram, width: number): KlPlot {
  const merged = mergeBins(counts, Math.max(1, Math.round(perDecade / binsPerDecade)));
  const most = Math.max(...merged, 1);
  const step = width / merged.length;
  const steps = merged.map((count) => `V${round(height - (count / most) * (height - 2))}h${round(step)}`);
  const decades = Math.round((counts.length - 2) / perDecade);
  const ticks = Array.from({ length: decades + 1 }, (_, decade) => ({
    label: `1e${Math.round(Math.log10(low)) + decade}`.replace('-', '−'),
    place: round((100 * (1 + decade * ((merged.length - 2) / decades))) / merged.length),
  }));
  return {
    svg: `<svg class="steps" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true" focusable="false"><path d="M0 ${height}${steps.join('')}V${height}z"/></svg>`,
    ticks,
  };
}

/** The two ends stay as they are. */
function mergeBins(counts: readonly number[], size: number): number[] {
  const inner = counts.slice(1, -1);
  const merged = Array.from({ length: Math.ceil(inner.length / size) }, (_, index) =>
    inner.slice(index * size, (index + 1) * size).reduce((sum, count) => sum + count, 0),
  );
  return [counts[0] ?? 0, ...merged, counts.at(-1) ?? 0];
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
