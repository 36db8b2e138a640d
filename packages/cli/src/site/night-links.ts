import type { Night, RunDifference, RunLabel } from '@lowbit/core';
import type { FoundRun } from './site-runs.js';

/** Where a run's page lies for the page that names it; undefined where it has none in the site. */
export type Links = (label: RunLabel) => string | undefined;

/** Runs of the site by name and instant, as labels have them; of nights their pages. */
export function linkRuns(runs: readonly FoundRun[]): Links {
  const places = new Map(
    runs.map(({ manifest, night, slug }) => [
      keyOf(night?.run ?? manifest),
      `../${slug}/${night ? 'night' : 'report'}.html`,
    ]),
  );
  return (label) => places.get(keyOf(label));
}

/** A night whose labels lead to pages of the site. Its own leads to the report of its run, where it has one. */
export function relinkNight(night: Night, links: Links, hasReport: boolean): Night {
  const relink = (label: RunLabel): RunLabel => ({ ...label, href: links(label) });
  const difference = (each: RunDifference | undefined): RunDifference | undefined =>
    each && { ...each, before: relink(each.before), after: relink(each.after) };
  return {
    ...night,
    run: { ...night.run, href: hasReport ? 'report.html' : undefined },
    againstBaseline: difference(night.againstBaseline),
    againstLast: difference(night.againstLast),
    series: night.series.map((series) => ({
      ...series,
      points: series.points.map((point) => ({ ...point, run: relink(point.run) })),
    })),
  };
}

function keyOf({ name, created }: RunLabel): string {
  return JSON.stringify([name, created]);
}
