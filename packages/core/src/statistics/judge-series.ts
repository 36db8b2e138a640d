import { medianOf } from './median.js';
import { fitSteps } from './step-fit.js';
import type { Level } from './step-fit.js';

export interface SeriesOptions {
  higherIsBetter: boolean;
  /** Further measurements of the last point, made because it was suspect: four, say. */
  confirm?: readonly number[] | undefined;
  /** Relative change that matters; default 0.1. */
  tolerance?: number | undefined;
  /** The same with fewer than five points before the last, when the noise is not known at all; default 0.3. */
  shortTolerance?: number | undefined;
  /** Index of the point whose level the last one is compared with; default: as it was five points ago. */
  since?: number | undefined;
}

export interface SeriesVerdict {
  verdict: 'improved' | 'same' | 'worse';
  /** Of the last point: the median of its measurements. */
  value: number;
  /** The last level over the one that it is compared with, less 1. */
  change: number;
  /** Relative change up to which it is called the same: what matters, or what noise can do. */
  tolerance: number;
  /** Deviation of a measurement about its level, relative; drawn to 8 % while there are few points. */
  noise: number;
  /** The last point is far off and alone: measure again and give what came as `confirm`. */
  suspect: boolean;
  /** All points in order; in the unit of the values. */
  levels: Level[];
}

/** Points before the last from which on the noise is estimated. */
const enough = 5;

/** A step is news for so many points: three nights of one measurement each must show it first. */
const recent = 5;

/** Older points no longer count. */
const longest = 200;

/**
 * Differences of levels, in standard errors, that noise does not reach; more where few points tell what the noise is
 * (docs/comparing-runs.md has the rates).
 */
const clear = (points: number): number => 4.5 * (1 + 2 / points);

/**
 * Noise taken for likely before anything is known, and how many independent deviations that is worth; but never more than
 * five times what is seen, for sizes in memory have next to none.
 */
const expected = { noise: 0.08, weight: 4 };

/** What a median absolute deviation knows of normal noise, in deviations that a variance would need: its efficiency. */
const efficiency = 0.37;

/** Noise is never taken for less than this: some levels are equal to the last digit until they are not. */
const leastNoise = 0.005;

/** Share of a level's measurements, and their least number, that must lie nearer to it than to the one before. */
const support = { share: 0.8, least: 3 };

/**
 * Verdict on the last of a series of positive measurements, oldest first: times, rates or bytes. Levels are fitted to the
 * logarithms (`fitSteps`); noise is the median absolute deviation about them. The last level must differ by more than
 * `tolerance` and by more than noise can do, and three measurements must say so: one slow night is `suspect`, no step.
 * Throws a RangeError for what is not positive.
 */
export function judgeSeries(values: readonly number[], options: SeriesOptions): SeriesVerdict {
  const { confirm = [], tolerance = 0.1, shortTolerance = 0.3, since } = options;
  if (values.length === 0 || [...values, ...confirm].some((value) => !(value > 0 && value < Infinity)))
    throw new RangeError(`Expected one or more positive measurements, got ${[...values, ...confirm].join(', ')}.`);
  const first = Math.max(0, values.length - longest);
  const nights = values.slice(first).map((value) => [Math.log(value)]);
  const last = nights.at(-1) as number[];
  last.push(...confirm.map(Math.log));
  const isShort = nights.length - 1 < enough;
  const levels = isShort ? splitLast(nights) : fitSteps(nights);
  const now = levels.at(-1) as Level;
  const then = levelAt(levels, since === undefined ? nights.length - 1 - recent : since - first);
  const noise = noiseAbout(levels, nights);
  const reach = isShort ? Math.log1p(shortTolerance) : noise * clear(nights.length) * errorOf(now, then, nights);
  const limit = Math.max(Math.log1p(tolerance), reach);
  const change = now.value - then.value;
  const isMoved = Math.abs(change) > limit && isSupported(now, then, nights);
  const value = medianOf(last);
  const alone = isMoved ? 0 : Math.abs(value - then.value);
  return {
    verdict: isMoved ? (change > 0 === options.higherIsBetter ? 'improved' : 'worse') : 'same',
    value: Math.exp(value),
    change: Math.expm1(change),
    tolerance: Math.expm1(limit),
    noise: Math.expm1(noise),
    suspect: confirm.length === 0 && alone > (isShort ? limit : Math.max(Math.log1p(tolerance), 2 * noise)),
    levels: levels.map(({ from, to, value }) => ({ from: from + first, to: to + first, value: Math.exp(value) })),
  };
}

type Nights = readonly (readonly number[])[];

/** What came before as one level, the last point as another. */
function splitLast(nights: Nights): Level[] {
  const end = nights.length - 1;
  const last = { from: end, to: end, value: medianOf(nights[end] as readonly number[]) };
  return end === 0 ? [last] : [{ from: 0, to: end - 1, value: medianOf(nights.slice(0, end).flat()) }, last];
}

function levelAt(levels: readonly Level[], index: number): Level {
  return levels.find(({ to }) => to >= index) ?? (levels.at(-1) as Level);
}

function pointsOf({ from, to }: Level, nights: Nights): number[] {
  return nights.slice(from, to + 1).flat();
}

function noiseAbout(levels: readonly Level[], nights: Nights): number {
  const away = levels.flatMap((level) => pointsOf(level, nights).map((value) => Math.abs(value - level.value)));
  const found = 1.4826 * medianOf(away);
  const [known, { weight }] = [efficiency * away.length, expected];
  const likely = Math.sqrt((weight * expected.noise ** 2 + known * found ** 2) / (weight + known));
  return Math.max(leastNoise, Math.min(likely, 5 * found));
}

/** Standard error of the difference of two medians, in deviations of a measurement (normal noise). */
function errorOf(a: Level, b: Level, nights: Nights): number {
  const [m, n] = [a, b].map((level) => pointsOf(level, nights).length) as [number, number];
  return Math.sqrt((Math.PI / 2) * (1 / m + 1 / n));
}

function isSupported(now: Level, then: Level, nights: Nights): boolean {
  const points = pointsOf(now, nights);
  const middle = (now.value + then.value) / 2;
  const near = points.filter((value) => value > middle === now.value > then.value).length;
  return near >= Math.max(support.share * points.length, support.least);
}
