import type { PlotSeries } from './plot-model.js';
import { toPixel, type Domain } from './plot-ticks.js';

/** A series' name written beside its point of fewest bits, where the lines are furthest apart. */
export interface PlotLabel {
  text: string;
  style: number;
  x: number;
  /** Pixels from the top of the plotting area, moved so that labels do not overlap. */
  pixel: number;
}

interface Frame {
  scale: 'log' | 'linear';
  domain: Domain;
  width: number;
  height: number;
}

/** Labels are left to the legend where there are many lines, or where names are long. */
const mostLabels = 6;
const longestLabel = 16;
const lineHeight = 13;
const characterWidth = 7;

/** The labels that fit, and the share of the width that they need to the left of the first point. */
export function chooseLabels(series: readonly PlotSeries[], frame: Frame): { labels: PlotLabel[]; reserve: number } {
  const longest = Math.max(...series.map(({ name }) => name.length));
  if (series.length > mostLabels || longest > longestLabel) return { labels: [], reserve: 0 };
  const labels = series.flatMap(({ name, style, points }) => {
    const first = points[0];
    return first
      ? [{ text: name, style, x: first.x, pixel: toPixel(first.y, frame.domain, frame.scale, frame.height) }]
      : [];
  });
  return { labels: spread(labels, frame.height), reserve: (longest * characterWidth + 14) / frame.width };
}

/** Pushes labels apart downwards, then back up from the lower edge; their order by height stays. */
function spread(labels: readonly PlotLabel[], height: number): PlotLabel[] {
  const sorted = [...labels].sort((a, b) => a.pixel - b.pixel);
  let free = lineHeight / 2;
  const down = sorted.map((label) => {
    const pixel = Math.max(label.pixel, free);
    free = pixel + lineHeight;
    return { ...label, pixel };
  });
  let limit = height - lineHeight / 2;
  return down
    .reverse()
    .map((label) => {
      const pixel = Math.min(label.pixel, limit);
      limit = pixel - lineHeight;
      return { ...label, pixel };
    })
    .reverse();
}
