import { directionArrow } from '../format-entry.js';
import { verdictMarks } from '../difference/verdict.js';
import type { NightRow } from './night-rows.js';
import { drawTrend } from './trend-plot.js';
import { buildTrend } from './trend-model.js';

/** Charts a page has room for; what is not the same comes first. */
const mostCharts = 60;

export interface TrendView {
  title: string;
  recipe: string;
  direction: string;
  verdict: { sign: string; word: string; sense: string } | null;
  description: string;
  svg: string;
}

/** Larger charts: open for what moved, folded for the rest; a series of one night has no trend. */
export async function viewTrends(
  moved: readonly NightRow[],
  rest: readonly NightRow[],
): Promise<{ moved: TrendView[]; rest: TrendView[]; leftOut: number }> {
  const drawable = (rows: readonly NightRow[]): NightRow[] =>
    rows.filter(({ series }) => (series?.points.length ?? 0) > 1);
  const first = drawable(moved);
  const later = drawable(rest);
  const room = Math.max(0, mostCharts - first.length);
  return {
    moved: await Promise.all(first.slice(0, mostCharts).flatMap(viewTrend)),
    rest: await Promise.all(later.slice(0, room).flatMap(viewTrend)),
    leftOut: Math.max(0, first.length + later.length - mostCharts),
  };
}

function viewTrend({ series, picked }: NightRow): Promise<TrendView>[] {
  const trend = series && buildTrend(series);
  if (!trend) return [];
  const arrow = directionArrow(series);
  return [
    drawTrend(trend).then((svg) => ({
      title: trend.title,
      recipe: series.recipe,
      direction: `${arrow} ${series.higherIsBetter ? 'higher' : 'lower'} is better`,
      verdict: picked ? verdictMarks[picked.verdict] : null,
      description: trend.description,
      svg,
    })),
  ];
}
