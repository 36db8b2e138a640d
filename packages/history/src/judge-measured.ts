import { judgeSeries } from '@lowbit/core';
import type { NightSeries, RowVerdict, RunLabel, SeriesVerdict } from '@lowbit/core';
import { isCrowded, isSameCell, keyOf, medianOf } from './measurements.js';
import type { Measurement, Measurements } from './measurements.js';
import { listMeasured } from './night-series.js';
import type { PastNight } from './night-series.js';
import type { NightlyConfig } from './nightly-config.js';

/** A measured figure of tonight among those of the nights before. */
export interface JudgedFigure {
  figure: Measurement;
  series: NightSeries;
  /** Against the level of some nights ago; undefined where other processes were in the way, and nothing can be said. */
  verdict: SeriesVerdict | undefined;
  /** Against the level of an earlier point. */
  since: (point: number) => SeriesVerdict;
}

/** Fits each figure's series. */
export function judgeMeasurements(
  { machine, figures }: Measurements,
  past: readonly PastNight[],
  tonight: RunLabel,
  { tolerances, crowding }: Pick<NightlyConfig, 'tolerances' | 'crowding'>,
): JudgedFigure[] {
  return figures.map((measured) => {
    const { model, recipe, task, metric, higherIsBetter, unit } = measured;
    const earlier = listMeasured(past, machine, measured, crowding);
    const before = earlier.map(({ label, figure }) => ({ run: label, value: figure.value }));
    const names = { model, recipe, task, metric, higherIsBetter, unit, measured: true };
    const values = [...before.map(({ value }) => value), medianOf(measured.trials)];
    const tolerance =
      tolerances[metric] ??
      smallestChange(
        measured,
        before.map((each) => each.value),
        figures,
      );
    const options = { higherIsBetter, tolerance, confirm: measured.again };
    const since = (point: number): SeriesVerdict => judgeSeries(values, { ...options, since: point });
    if (isCrowded(measured, crowding))
      return { figure: measured, verdict: undefined, since, series: { ...names, points: before } };
    const verdict = judgeSeries(values, options);
    // With what came when it was measured once more.
    const figure = { ...measured, value: verdict.value };
    const points = [...before, { run: tonight, value: figure.value }];
    return { figure, verdict, since, series: { ...names, points, levels: verdict.levels } };
  });
}

/** Relative change of a measurement that matters. */
const least = 0.1;

/** Seconds that starting, caches and a machine's mood take now and then, for minutes, however little is computed. */
const resolution = 0.1;

/** Of times, and of rates over them, no less than the resolution is of the seconds that they used to take. */
function smallestChange(measured: Measurement, before: readonly number[], figures: readonly Measurement[]): number {
  const { unit, value } = measured;
  const level = before.length > 0 ? medianOf(before) : value;
  const timed = figures.find((each) => each.metric === 'scoreSeconds' && isSameCell(each, measured))?.value ?? Infinity;
  if (unit === 'seconds') return Math.max(least, resolution / level);
  return unit === 'perSecond' ? Math.max(least, (resolution * level) / (timed * value)) : least;
}

/** Figures far from their level: they are measured once more before anything is said. */
export function listSuspects(judged: readonly JudgedFigure[]): Measurement[] {
  return judged.filter(({ verdict }) => verdict?.suspect).map(({ figure }) => figure);
}

/** Rows of tonight's measurements beside those of an earlier night, whose level stands for it. */
export function measuredRows(
  judged: readonly JudgedFigure[],
  measurements: Measurements | undefined,
  against: PastNight,
): RowVerdict[] {
  const then = against.measurements;
  const rows = judged.map((each) => toRow(each, against));
  const known = new Set([...judged.map(({ figure }) => keyOf(figure))]);
  const lost = (then?.figures ?? []).filter((figure) => !known.has(keyOf(figure)));
  const found = [...rows, ...lost.map((figure) => toLostRow(figure, measurements))];
  return [...found, ...unmeasuredRows(measurements).filter((row) => !found.some((each) => isSameCell(each, row)))];
}

/** Cells that nothing could be measured of. */
export function unmeasuredRows(measurements: Measurements | undefined): RowVerdict[] {
  return (measurements?.failed ?? [])
    .filter((failure) => !measurements?.figures.some((figure) => isSameCell(figure, failure)))
    .map(({ reason, ...names }) => ({
      ...{ ...names, metric: '', protocol: undefined, higherIsBetter: true, measured: true },
      ...{ before: undefined, after: undefined, difference: undefined, test: undefined, verdict: 'failed', reason },
    }));
}

function toRow({ figure, series, verdict, since }: JudgedFigure, against: PastNight): RowVerdict {
  const { points } = series;
  const place = points.findIndex(({ run }) => run.name === against.label.name);
  const row = { ...nameRow(figure), after: figure.value };
  if (place < 0) {
    const isThere = against.measurements?.figures.some((each) => keyOf(each) === keyOf(figure));
    const reason = 'measured on another or a busy machine, or while something else was computed';
    return isThere ? { ...row, verdict: 'incomparable', reason } : { ...row, verdict: 'new' };
  }
  if (verdict === undefined) {
    const share = Math.round(figure.crowding * 100);
    return { ...row, verdict: 'incomparable', reason: `others took ${share} % of its processors` };
  }
  const found = place === points.length - 2 ? verdict : since(place);
  const trials = figure.trials.length === 1 ? 'one trial' : `median of ${figure.trials.length} trials`;
  const rounds = figure.again ? `, measured ${figure.again.length} times more` : '';
  return {
    ...row,
    ...{ verdict: found.verdict, before: figure.value / (1 + found.change), test: 'series' },
    ...{ tolerance: found.tolerance, difference: { scale: 'relative', value: found.change } },
    reason: `${trials}${rounds}, ${points.length} nights`,
  };
}

/** Measured by the earlier night and not by this one. */
function toLostRow(figure: Measurement, measurements: Measurements | undefined): RowVerdict {
  const failure = measurements?.failed.find(
    // Of what is measured while a recipe is made, each of its cells says why.
    ({ task, ...names }) => isSameCell({ ...names, task: figure.task === 'quantize' ? 'quantize' : task }, figure),
  );
  const row = { ...nameRow(figure), before: figure.value };
  return failure ? { ...row, verdict: 'failed', reason: failure.reason } : { ...row, verdict: 'gone' };
}

function nameRow({ model, recipe, task, metric, higherIsBetter }: Measurement): Omit<RowVerdict, 'verdict'> {
  return {
    ...{ model, recipe, task, metric, protocol: undefined, higherIsBetter, measured: true },
    ...{ before: undefined, after: undefined, difference: undefined, test: undefined, reason: undefined },
  };
}
