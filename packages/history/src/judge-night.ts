import { differRuns, isAlarming, openComparable, verdicts } from '@lowbit/core';
import type {
  CellResult,
  Manifest,
  Night,
  NightSeries,
  RowVerdict,
  RunDifference,
  RunLabel,
  Verdict,
} from '@lowbit/core';
import { measuredRows, unmeasuredRows } from './judge-measured.js';
import type { JudgedFigure } from './judge-measured.js';
import { isSameCell, keyOf } from './measurements.js';
import type { Measurements } from './measurements.js';
import { listScores, readPastVerdicts, shortenSeries } from './night-series.js';
import type { PastNight } from './night-series.js';
import { nameOf, readBaselines } from './nights.js';
import type { NightlyConfig } from './nightly-config.js';

export interface NightFacts {
  config: Pick<NightlyConfig, 'baseline' | 'tolerances' | 'level' | 'history'>;
  /** Of the draft: a run folder with its cells and samples. */
  folder: string;
  label: RunLabel;
  manifest: Manifest;
  cells: readonly CellResult[];
  computed: number;
  /** Nights that can be read, the oldest first. */
  past: readonly PastNight[];
  measurements: Measurements | undefined;
  judged: readonly JudgedFigure[];
}

/** Compares a night with its baseline and with the last night before it. */
export async function judgeNight(facts: NightFacts): Promise<Night> {
  const { config, manifest, cells, label, past, computed } = facts;
  const { baseline } = config;
  const { night, missing } = await findBaseline(facts);
  const last = past.at(-1);
  const sinceLast = last && (await differ(facts, last));
  const sinceBaseline = night && (night === last ? sinceLast : await differ(facts, night));
  const [againstBaseline, againstLast] = [sinceBaseline?.difference, sinceLast?.difference];
  const picked = pickVerdicts([againstBaseline, againstLast].flatMap((each) => each ?? []));
  const series = shortenSeries([...listScores(past, label, manifest, cells), ...listFitted(facts)]);
  return {
    formatVersion: 1,
    ...{ name: manifest.name, title: manifest.title, run: label },
    ...{ computed, reused: manifest.cells.length - computed },
    ...{ againstBaseline, baseline, missingBaseline: missing, againstLast },
    ...(last || night
      ? { counts: countVerdicts(picked.values()) }
      : { counts: countFirst(facts), failed: listFailed(facts) }),
    series: await withVerdicts(series, picked, label, past.at(-1)?.folder),
    alarm: [sinceBaseline, sinceLast].some((each) => each?.isAlarm),
  };
}

async function findBaseline({
  config: { baseline, history },
  past,
}: NightFacts): Promise<{ night: PastNight | undefined; missing: string | undefined }> {
  const name = (await readBaselines(history))[baseline];
  if (name === undefined)
    return {
      night: undefined,
      missing: `no night is the baseline '${baseline}' yet; lowbit nightly --accept names one`,
    };
  const night = past.find(({ folder }) => nameOf(folder) === name);
  const missing = `the baseline '${baseline}' is ${name}, which is not in the history, or cannot be read`;
  return { night, missing: night ? undefined : missing };
}

/** What failed before as well is known already and alarms nobody again. */
async function differ(facts: NightFacts, before: PastNight): Promise<{ difference: RunDifference; isAlarm: boolean }> {
  const { tolerances, level } = facts.config;
  const [earlier, later] = await Promise.all([openComparable(before.folder), openComparable(facts.folder)]);
  const found = await differRuns(earlier, later, { tolerances: { metrics: tolerances }, level });
  const failing = earlier.cells.filter(({ status }) => status === 'failed');
  const unmeasured = unmeasuredRows(before.measurements);
  const isKnown = (row: RowVerdict): boolean =>
    row.verdict === 'failed' && (row.measured ? unmeasured : failing).some((each) => isSameCell(each, row));
  const scores = found.rows.filter(({ measured }) => !measured);
  // What could not be computed could not be measured either.
  const isTold = (row: RowVerdict): boolean =>
    row.metric === '' && scores.some((each) => each.verdict === 'failed' && isSameCell(each, row));
  const measured = measuredRows(facts.judged, facts.measurements, before).filter((row) => !isTold(row));
  const rows = [...scores, ...measured].map((row) =>
    isKnown(row) ? { ...row, reason: `failed before as well, ${row.reason}` } : row,
  );
  return {
    difference: { ...found, before: before.label, after: facts.label, rows },
    isAlarm: rows.some((row) => isAlarming(row) && !isKnown(row)),
  };
}

/** Of each row the verdict that alarms most. */
function pickVerdicts(differences: readonly RunDifference[]): Map<string, Verdict> {
  const picked = new Map<string, Verdict>();
  for (const row of differences.flatMap(({ rows }) => rows)) {
    const known = picked.get(keyOf(row));
    const isFirst = known === undefined || verdicts.indexOf(row.verdict) < verdicts.indexOf(known);
    if (isFirst) picked.set(keyOf(row), row.verdict);
  }
  return picked;
}

function countVerdicts(picked: Iterable<Verdict>): Record<Verdict, number> {
  const counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for (const verdict of picked) counts[verdict]++;
  return counts;
}

/** A series that has no undisturbed night yet is none. */
function listFitted({ judged }: NightFacts): NightSeries[] {
  return judged.map(({ series }) => series).filter(({ points }) => points.length > 0);
}

function listFailed({ cells, measurements }: NightFacts): RowVerdict[] {
  const failed = cells
    .filter(({ status }) => status === 'failed')
    .map(({ model, recipe, task, error }) => ({
      ...{ model, recipe, task, metric: '', protocol: undefined, higherIsBetter: true, measured: false },
      ...{ before: undefined, after: undefined, difference: undefined, test: undefined },
      ...{ verdict: 'failed' as const, reason: error?.message },
    }));
  const known = (row: RowVerdict): boolean => failed.some((each) => isSameCell(each, row));
  return [...failed, ...unmeasuredRows(measurements).filter((row) => !known(row))];
}

/** With nothing to compare with, every figure is new. */
function countFirst(facts: NightFacts): Record<Verdict, number> {
  const scores = facts.cells
    .filter(({ status }) => status !== 'failed')
    .flatMap(({ rows }) => rows.filter(({ protocol }) => !protocol?.startsWith('measured/')));
  const news = [...scores, ...listFitted(facts)].map(() => 'new' as const);
  return countVerdicts([...news, ...listFailed(facts).map(({ verdict }) => verdict)]);
}

/** Points of earlier nights with what was said of them then, tonight's with what is said now. */
async function withVerdicts(
  series: readonly NightSeries[],
  picked: ReadonlyMap<string, Verdict>,
  tonight: RunLabel,
  last: string | undefined,
): Promise<NightSeries[]> {
  const then = await readPastVerdicts(last);
  return series.map((each) => ({
    ...each,
    points: each.points.map((point) => {
      const { name } = point.run;
      const verdict = name === tonight.name ? picked.get(keyOf(each)) : then.get(keyOf(each) + name);
      return verdict ? { ...point, verdict } : point;
    }),
  }));
}
