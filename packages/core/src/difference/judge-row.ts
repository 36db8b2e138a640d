import { compareObservations, findObstacle } from '../statistics/compare-cells.js';
import type { CellFacts, Draw } from '../statistics/compare-cells.js';
import { readFacts } from '../statistics/compare-run.js';
import { comparisonOf } from '../statistics/observations.js';
import type { RowDifference, RowVerdict } from '../store/run-difference.js';
import type { CellResult, PairResult, Row } from '../store/types.js';
import type { Metric, MetricComparison } from '../task.js';
import { findRowObstacle } from './obstacles.js';
import {
  distanceTolerance,
  isRatioWithin,
  isWithin,
  measuredTolerance,
  otherArithmeticTolerance,
  sameArithmeticTolerance,
} from './tolerances.js';
import type { Tolerances } from './tolerances.js';

/** A figure in one of the runs with all that it rests on. */
export interface Figure {
  row: Row;
  cell: CellResult;
  /** Lines of the cell's samples. */
  samples: string | undefined;
}

export interface Rules {
  sameArithmetic: boolean;
  sameMachine: boolean;
  tolerances: Tolerances;
  level: number;
  /** For the tests that decide. */
  draw: Draw;
  /** For intervals that are only shown. */
  drawFew: Draw;
}

/** What is said of a row; `p` where a paired test decides, once all of the difference's are there. */
export type Judgement = Pick<RowVerdict, 'verdict' | 'difference' | 'test' | 'tolerance' | 'reason'> & {
  p?: number | undefined;
};

/** Two figures of one metric. A `metric` that no task names, a distance to float, has no test of its own. */
export function judgeRow(before: Figure, after: Figure, metric: Metric | undefined, rules: Rules): Judgement {
  const [a, b] = [before.row.value, after.row.value];
  const obstacle = findRowObstacle(before, after);
  if (obstacle !== undefined) return incomparable(obstacle);
  const isSameCell = before.cell.digest === after.cell.digest;
  if (isSameCell && Object.is(a, b)) return { ...same('digest'), difference: differenceOf(a, b, metric) };
  if (!Number.isFinite(a) || !Number.isFinite(b)) return judgeInfinite(a, b);
  const given = rules.tolerances.metrics?.[before.row.metric];
  if (isMeasurement(before.row, metric))
    return judgeMeasurement(before, after, given ?? rules.tolerances.measured ?? measuredTolerance, rules);
  const comparison = metric && comparisonOf(metric);
  const difference = differenceOf(a, b, metric);
  if (given === undefined && comparison && comparison.test !== 'bootstrap')
    return judgeByTest(before, after, comparison, rules);
  const tolerance = given ?? (rules.sameArithmetic ? sameArithmeticTolerance : otherArithmeticTolerance);
  if (isWithin(a, b, tolerance)) return { ...same('tolerance'), difference, tolerance };
  const facts = comparison && factsOf(before, after, comparison);
  if (given === undefined && !rules.sameArithmetic) {
    if (comparison && typeof facts === 'object') return judgeByTest(before, after, comparison, rules);
    return judgeDistance(before, after, difference);
  }
  const shown =
    comparison && typeof facts === 'object' ? testFacts(facts, comparison, rules.drawFew, rules.level) : undefined;
  return {
    ...{ verdict: isBetter(before.row, b - a) ? 'improved' : 'worse', test: 'tolerance', tolerance },
    difference: shown ? toDifference(shown) : difference,
    reason: isSameCell ? 'the same cell gave another figure' : undefined,
  };
}

export function isMeasurement({ protocol }: Row, metric: Metric | undefined): boolean {
  return metric?.measured ?? protocol?.startsWith('measured/') ?? false;
}

/** after - before in the metric's unit, or their ratio less 1 for perplexities, times and memory. */
function differenceOf(a: number, b: number, metric: Metric | undefined): RowDifference | undefined {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined;
  const isRatio = metric !== undefined && (metric.measured || comparisonOf(metric).scale === 'perplexity');
  if (isRatio && a !== 0) return { scale: 'relative', value: b / a - 1 };
  return { scale: 'absolute', value: b - a };
}

function judgeInfinite(a: number, b: number): Judgement {
  if (Number.isFinite(a)) return { ...verdictOnly('worse'), reason: 'its figure is not finite' };
  if (Number.isFinite(b)) return { ...verdictOnly('improved'), reason: 'the earlier figure is not finite' };
  return incomparable('neither figure is finite');
}

function judgeMeasurement(before: Figure, after: Figure, tolerance: number, { sameMachine }: Rules): Judgement {
  const [a, b] = [before.row.value, after.row.value];
  if (!sameMachine) return incomparable('they were measured on machines, devices or threads that differ');
  if (!(a > 0) || !(b > 0)) return incomparable('a measurement is not positive');
  const difference: RowDifference = { scale: 'relative', value: b / a - 1 };
  if (isRatioWithin(b / a, tolerance)) return { ...same('tolerance'), difference, tolerance };
  const verdict = isBetter(before.row, b - a) ? 'improved' : 'worse';
  return { verdict, difference, test: 'tolerance', tolerance, reason: 'two measurements do not know their own noise' };
}

/** Distances to float have no samples of their own; where sums are in another order they are held to a wide tolerance. */
function judgeDistance(before: Figure, after: Figure, difference: RowDifference | undefined): Judgement {
  const [a, b] = [before.row.value, after.row.value];
  const { relative: tolerance, absolute } = distanceTolerance(after.row);
  const isNear = Math.abs(a - b) <= Math.max(absolute, tolerance * Math.max(Math.abs(a), Math.abs(b)));
  const verdict = isNear ? 'same' : isBetter(before.row, b - a) ? 'improved' : 'worse';
  return { verdict, test: 'tolerance', tolerance, difference, reason: 'computed with other arithmetic' };
}

function judgeByTest(before: Figure, after: Figure, comparison: MetricComparison, rules: Rules): Judgement {
  const facts = factsOf(before, after, comparison);
  const [a, b] = [before.row.value, after.row.value];
  if (typeof facts === 'string')
    // Nothing to test, and nothing that asks for one.
    return a === b
      ? { ...same('tolerance'), difference: { scale: 'absolute', value: 0 }, tolerance: 0, reason: facts }
      : incomparable(facts);
  const found = testFacts(facts, comparison, rules.draw, rules.level);
  const [ahead, behind] = found.discordant ?? [undefined, undefined];
  const difference = toDifference(found);
  // Answers that are all the same are no test, and do not weaken the others of the family.
  if (ahead === 0 && behind === 0) return { ...same(found.test), difference };
  const moved =
    ahead === undefined
      ? undefined
      : `${ahead + (behind ?? 0)} of ${found.n} documents changed, ${ahead} for the better, and cannot be told from chance`;
  const verdict = found.difference > 0 === before.row.higherIsBetter ? 'improved' : 'worse';
  return { verdict, difference, test: found.test, reason: moved, p: found.p };
}

type Facts = [before: CellFacts, after: CellFacts];

function factsOf(before: Figure, after: Figure, comparison: MetricComparison): Facts | string {
  const [a, b] = [before, after].map(({ cell, samples, row }) => readFacts(cell, samples, row.metric, comparison));
  if (typeof a !== 'object') return `of the earlier run ${a ?? 'there is no cell'}`;
  if (typeof b !== 'object') return `of the later run ${b ?? 'there is no cell'}`;
  return findObstacle(a, b) ?? [a, b];
}

function testFacts(
  [before, after]: Facts,
  comparison: MetricComparison,
  draw: Draw,
  level: number,
): Omit<PairResult, 'adjustedP' | 'family'> {
  return compareObservations(after.observations, before.observations, comparison, draw, level);
}

/** Without an interval where a few documents leave it open. */
function toDifference({ scale, difference, low, high }: ReturnType<typeof testFacts>): RowDifference {
  const isOpen = !Number.isFinite(low) || !Number.isFinite(high);
  return isOpen ? { scale, value: difference } : { scale, value: difference, low, high };
}

function isBetter({ higherIsBetter }: Row, difference: number): boolean {
  return difference > 0 === higherIsBetter;
}

function same(test: RowVerdict['test']): Judgement {
  return { ...verdictOnly('same'), test };
}

function incomparable(reason: string): Judgement {
  return { ...verdictOnly('incomparable'), reason };
}

function verdictOnly(verdict: RowVerdict['verdict']): Judgement {
  return { verdict, difference: undefined, test: undefined, reason: undefined };
}
