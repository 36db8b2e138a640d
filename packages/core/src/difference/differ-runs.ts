import { LowbitError } from '../errors.js';
import { rememberDraws, replicatesFor } from '../statistics/compare-run.js';
import { adjustHolm } from '../statistics/holm.js';
import type { RowVerdict, RunDifference, RunLabel } from '../store/run-difference.js';
import { hasSameArithmetic, hasSameMachine } from './arithmetic.js';
import { listChanges } from './changes.js';
import { judgeCell } from './judge-cell.js';
import type { JudgedRow } from './judge-cell.js';
import { findLayerShifts } from './layers.js';
import { openComparable, pairCells } from './pair-cells.js';
import type { ComparableRun } from './pair-cells.js';
import type { Tolerances } from './tolerances.js';

export interface DifferenceOptions {
  /** Of the paired tests, 0.95. */
  level?: number | undefined;
  tolerances?: Tolerances | undefined;
  /** Of the bootstrap. */
  seed?: number | undefined;
}

const mostLayers = 40;

/** Replicates of an interval that decides nothing: its ends are known to some per cent of their distance. */
const fewReplicates = 1_999;

/**
 * What the later of two runs says of the earlier one, row by row: `docs/comparing-runs.md` has the rules. Runs are folders or
 * read already. Throws RUN_UNREADABLE for a folder that is no run.
 */
export async function differRuns(
  before: string | ComparableRun,
  after: string | ComparableRun,
  { level = 0.95, tolerances = {}, seed = 0 }: DifferenceOptions = {},
): Promise<RunDifference> {
  checkOptions(level, tolerances);
  const open = (run: string | ComparableRun): Promise<ComparableRun> | ComparableRun =>
    typeof run === 'string' ? openComparable(run) : run;
  const runs = { before: await open(before), after: await open(after) };
  const [earlier, later] = [runs.before.manifest, runs.after.manifest];
  const pairs = pairCells(runs.before, runs.after);
  const most = runs.after.cells.reduce((total, { rows }) => total + rows.length + 1, 0);
  const rules = {
    ...{ sameArithmetic: hasSameArithmetic(earlier, later), sameMachine: hasSameMachine(earlier, later) },
    ...{ tolerances, level, draw: rememberDraws(replicatesFor(most, level), seed) },
    drawFew: rememberDraws(fewReplicates, seed),
  };
  const judged: JudgedRow[] = [];
  for (const pair of pairs) judged.push(...(await judgeCell(pair, runs, rules)));
  const present = judged.filter(({ row }) => row.verdict !== 'gone');
  const gone = judged.filter(({ row }) => row.verdict === 'gone');
  const layers = findLayerShifts(pairs);
  return {
    ...{ before: labelOf(runs.before), after: labelOf(runs.after) },
    rows: decide([...present, ...gone], level),
    changes: listChanges(earlier, later),
    layers: layers.slice(0, mostLayers),
    layersLeftOut: Math.max(0, layers.length - mostLayers),
    level,
  };
}

/** Verdicts of the rows with a paired test, after Holm over all of them. */
function decide(judged: readonly JudgedRow[], level: number): RowVerdict[] {
  const adjusted = adjustHolm(judged.flatMap(({ p }) => p ?? []));
  let next = 0;
  return judged.map(({ row, p }) => {
    if (p === undefined) return row;
    const adjustedP = adjusted[next++] as number;
    if (adjustedP < 1 - level) return { ...row, adjustedP, reason: undefined };
    return { ...row, adjustedP, verdict: 'same' };
  });
}

function labelOf({ manifest: { name, created }, href }: ComparableRun): RunLabel {
  return { name, created, href };
}

function checkOptions(level: number, { metrics = {}, measured = 0 }: Tolerances): void {
  if (!(level > 0.5 && level < 1))
    throw new LowbitError('USAGE', `Expected a level between 0.5 and 1, got ${level}; leave it out for 0.95.`);
  const bad = [...Object.entries(metrics), ['measured', measured] as const].find(([, value]) => !(value >= 0));
  if (bad)
    throw new LowbitError('USAGE', `Expected a tolerance of 0 or more for ${bad[0]}, got ${bad[1]}; 0.01 is 1 %.`);
}
