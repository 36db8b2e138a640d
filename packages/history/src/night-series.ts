import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { readRun } from '@lowbit/core';
import type { CellResult, Manifest, NightPoint, NightSeries, Row, RunLabel, Verdict } from '@lowbit/core';
import { isCrowded, keyOf, readMeasurements } from './measurements.js';
import type { Measurement, Measurements } from './measurements.js';
import { nameOf, readNight } from './nights.js';

/** A night as the series see it. */
export interface PastNight {
  folder: string;
  label: RunLabel;
  rows: Row[];
  measurements: Measurements | undefined;
}

/** Nights that can be read, the oldest first, and those that were left out. */
export async function readPastNights(
  nights: readonly string[],
): Promise<{ nights: PastNight[]; leftOut: { folder: string; reason: string }[] }> {
  const past: PastNight[] = [];
  const leftOut: { folder: string; reason: string }[] = [];
  const known = new Map<string, Row[]>();
  for (const folder of nights)
    try {
      const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
      const isKnown = manifest.cells.every(({ digest }) => known.has(digest));
      // What has one digest has one value: most nights share most of their cells.
      if (!isKnown) for (const [digest, rows] of await readRows(folder)) known.set(digest, rows);
      past.push({
        folder,
        label: labelNight(folder, manifest),
        rows: manifest.cells.flatMap(({ digest, model, recipe, task }) =>
          (known.get(digest) ?? []).map((row) => ({ ...row, model, recipe, task })),
        ),
        measurements: await readMeasurements(folder),
      });
    } catch (error) {
      leftOut.push({ folder, reason: error instanceof Error ? error.message : String(error) });
    }
  return { nights: past, leftOut };
}

async function readRows(folder: string): Promise<[digest: string, rows: Row[]][]> {
  const { cells } = await readRun(folder);
  return cells.filter(({ status }) => status === 'done').map(({ digest, rows }) => [digest, rows]);
}

/** A night by its own name, and where its page lies beside those of the others. */
export function labelNight(folder: string, { created }: Pick<Manifest, 'created'>): RunLabel {
  return { name: nameOf(folder), created, href: `../${nameOf(folder)}/night.html` };
}

/** Scores over the nights, tonight last, in table order; measured figures are not among them. */
export function listScores(
  past: readonly PastNight[],
  tonight: RunLabel,
  manifest: Manifest,
  cells: readonly CellResult[],
): NightSeries[] {
  const before = past.map(({ label, rows }) => ({ label, rows: new Map(rows.map((row) => [keyOf(row), row])) }));
  return sortCells(manifest, cells).flatMap(({ rows }) =>
    rows
      .filter(({ protocol }) => !protocol?.startsWith('measured/'))
      .map((row): NightSeries => {
        const { model, recipe, task, metric, higherIsBetter } = row;
        const earlier = before.flatMap(({ label, rows }) => {
          const then = rows.get(keyOf(row));
          // Of another protocol: another figure under the same name.
          return then && then.protocol === row.protocol ? toPoint(label, then) : [];
        });
        const points = [...earlier, ...toPoint(tonight, row)];
        return { model, recipe, task, metric, higherIsBetter, measured: false, unit: undefined, points };
      }),
  );
}

/** A figure that is not finite is no point. */
function toPoint(run: RunLabel, { value, stderr }: Row): NightPoint[] {
  return Number.isFinite(value) ? [{ run, value, stderr }] : [];
}

function sortCells({ cells: keys }: Manifest, cells: readonly CellResult[]): CellResult[] {
  const place = new Map(keys.map(({ digest }, i) => [digest, i]));
  return cells.toSorted((a, b) => (place.get(a.digest) ?? 0) - (place.get(b.digest) ?? 0));
}

/** The nights in which a figure was measured on the same machine, undisturbed, while the same was computed. */
export function listMeasured(
  past: readonly PastNight[],
  machine: string,
  figure: Measurement,
  crowding: number,
): { label: RunLabel; figure: Measurement }[] {
  return past.flatMap(({ label, measurements }) => {
    if (measurements?.machine !== machine) return [];
    const then = measurements.figures.find((each) => keyOf(each) === keyOf(figure) && each.basis === figure.basis);
    return then && !isCrowded(then, crowding) ? [{ label, figure: then }] : [];
  });
}

/** A verdict of some megabytes, however many figures a night has: points of all series, and of each at least. */
const mostPoints = { all: 20_000, each: 10 };

/** The last points of each series, as many as there is room for. */
export function shortenSeries(series: readonly NightSeries[]): NightSeries[] {
  const most = Math.max(mostPoints.each, Math.floor(mostPoints.all / Math.max(1, series.length)));
  return series.map((each) => {
    const first = Math.max(0, each.points.length - most);
    const levels = each.levels
      ?.filter(({ to }) => to >= first)
      .map(({ from, to, value }) => ({ from: Math.max(0, from - first), to: to - first, value }));
    return { ...each, points: each.points.slice(first), ...(levels && { levels }) };
  });
}

/** What earlier nights said of their own figures, as the last of them remembers. */
export async function readPastVerdicts(last: string | undefined): Promise<Map<string, Verdict>> {
  // One that cannot be read costs its verdicts, not tonight.
  const night = last === undefined ? undefined : await readNight(last).catch(() => undefined);
  const verdicts = new Map<string, Verdict>();
  for (const series of night?.series ?? [])
    for (const { run, verdict } of series.points) if (verdict) verdicts.set(keyOf(series) + run.name, verdict);
  return verdicts;
}
