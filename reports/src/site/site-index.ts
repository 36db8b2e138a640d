import type { RunData } from '../run-data.js';
import type { VerdictCounts } from '../difference/verdict.js';

/** A run of a site; its files lie in `runs/<slug>/`. */
export interface SiteRun {
  slug: string;
  run: RunData;
  /** Files for a reader in the run's folder; none where no cell has a result. */
  hasReport: boolean;
  /** Of a night. */
  night: { counts: VerdictCounts; alarm: boolean; isFirst: boolean } | undefined;
}

/** A prepared page of two runs, with paired tests. */
export interface SiteDifference {
  before: string;
  after: string;
  counts: VerdictCounts;
}

/** What a site consists of. */
export interface Site {
  title: string;
  /** In any order. */
  runs: readonly SiteRun[];
  differences: readonly SiteDifference[];
  /** What could not be read, by a path that says nothing of the machine. */
  leftOut: readonly { folder: string; reason: string }[];
}

/** Of the page of two runs, relative to the site's root. */
export function nameDifference({ before, after }: Pick<SiteDifference, 'before' | 'after'>): string {
  return `differences/${before}--${after}.html`;
}

/** The latest first; of the same instant by slug, so that the same runs give the same bytes. */
export function orderRuns(runs: readonly SiteRun[]): SiteRun[] {
  return [...runs].sort((a, b) => compare(instantOf(b), instantOf(a)) || compare(b.slug, a.slug));
}

function instantOf({ run }: SiteRun): string {
  return run.manifest.created;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
