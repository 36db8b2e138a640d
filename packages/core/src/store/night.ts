import type { RowVerdict, RunDifference, RunLabel, Verdict } from './run-difference.js';

/** A night's outcome, `verdict.json` in its run folder: all that the nightly page, summary and JUnit file show. */
export interface Night {
  formatVersion: 1;
  name: string;
  title: string;
  run: RunLabel;
  /** Cells computed in this night, and those that were there already. */
  computed: number;
  reused: number;
  /** Undefined in the first night, or where the named baseline is not in the history: `missingBaseline` says so. */
  againstBaseline: RunDifference | undefined;
  baseline: string | undefined;
  missingBaseline: string | undefined;
  /** With the last night before this one. */
  againstLast: RunDifference | undefined;
  /** Cells that failed in a night with none before it; later ones have them in their comparisons. */
  failed?: RowVerdict[] | undefined;
  /** Verdicts of the night as a whole: of each row the one that alarms, baseline first. */
  counts: Record<Verdict, number>;
  /** Scores and measurements over the nights, this one last, in table order. */
  series: NightSeries[];
  /** Whether a regression was found: exit status 1. */
  alarm: boolean;
}

export interface NightSeries {
  model: string;
  recipe: string;
  task: string;
  metric: string;
  higherIsBetter: boolean;
  /** Seconds, megabytes, tokens a second: of the machine, fitted robustly; else a score, exact. */
  measured: boolean;
  unit: 'seconds' | 'megabytes' | 'perSecond' | undefined;
  points: NightPoint[];
  /** Levels of the fit, of measurements only: from which point to which, and the level. */
  levels?: { from: number; to: number; value: number }[] | undefined;
}

export interface NightPoint {
  run: RunLabel;
  value: number;
  stderr?: number | undefined;
  verdict?: Verdict | undefined;
}
