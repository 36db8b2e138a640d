import type { CellInterval, PairComparison, PairResult, RunComparisons } from '@lowbit/core';
import { formatDelta, formatSignificant, type Unit } from './format-number.js';

/** Comparisons of a run by model, metric and the two recipes, in either order. */
export interface PairIndex {
  find(model: string, column: { task: string; metric: string }, one: string, other: string): PairComparison | undefined;
  interval(model: string, column: { task: string; metric: string }, recipe: string): CellInterval | undefined;
}

export function indexPairs(comparisons: RunComparisons | undefined): PairIndex {
  const key = (...names: string[]): string => JSON.stringify(names);
  const pairs = new Map<string, PairComparison>();
  for (const pair of comparisons?.pairs ?? [])
    pairs.set(key(pair.model, pair.task, pair.metric, ...[pair.recipe, pair.against].sort()), pair);
  const intervals = new Map<string, CellInterval>();
  for (const each of comparisons?.intervals ?? [])
    intervals.set(key(each.model, each.task, each.metric, each.recipe), each);
  return {
    find: (model, { task, metric }, one, other) => pairs.get(key(model, task, metric, ...[one, other].sort())),
    interval: (model, { task, metric }, recipe) => intervals.get(key(model, task, metric, recipe)),
  };
}

/** Told apart at the run's level after Holm's correction; undefined where the two were not compared. */
export function isDistinct(pair: PairComparison | undefined, level: number): boolean | undefined {
  return pair?.result && pair.result.adjustedP < 1 - level;
}

const testNames: Record<PairResult['test'], string> = {
  mcnemar: 'exact McNemar',
  sign: 'exact sign test',
  bootstrap: 'paired bootstrap',
};

/** `p 0.0021, 0.04 after Holm over 15; exact McNemar, 12 against 3 documents`. */
export function describeTest({ p, adjustedP, family, test, n, discordant }: PairResult): string {
  const rested = discordant ? `${discordant[0]} against ${discordant[1]} documents` : `n ${n}`;
  return `p ${formatSignificant(p)}, ${formatSignificant(adjustedP)} after Holm over ${family}; ${testNames[test]}, ${rested}`;
}

/** The ends of a difference's interval, relative ones in percent: `+1.2 to +3.4 %`. */
export function formatInterval({ scale, low, high }: PairResult, unit: Unit): string {
  const inPercent = scale === 'relative' || unit === 'percent';
  const [from, to] = [low, high].map((end) => formatEnd(inPercent ? end * 100 : end));
  return `${from} to ${to}${scale === 'relative' ? ' %' : unit === 'percent' ? ' points' : ''}`;
}

/** Three digits with a sign; a resample without variation leaves an interval open. */
export function formatEnd(end: number): string {
  if (!Number.isFinite(end)) return end < 0 ? '−∞' : '∞';
  if (end === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(1e-4, Math.abs(end)))));
  return formatDelta(end, 'plain', Math.min(5, decimals));
}

/** The level of the marks and what they correct for, for the legends; undefined where nothing was compared. */
export function describeFamily(comparisons: RunComparisons | undefined, model: string): string | undefined {
  const compared = comparisons?.pairs.find((pair) => pair.model === model && pair.result);
  if (!comparisons || !compared?.result) return undefined;
  const percent = Number(((1 - comparisons.level) * 100).toPrecision(3));
  const { family } = compared.result;
  return `at ${percent} %, Holm's correction over ${family === 1 ? 'the one comparison' : `the ${family} comparisons`} of the table`;
}
