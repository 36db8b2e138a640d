import { readObservations, valueOf } from '../statistics/observations.js';
import type { RowVerdict, Verdict } from '../store/run-difference.js';
import type { CellResult, Manifest, Row } from '../store/types.js';
import type { Metric } from '../task.js';
import { isMeasurement, judgeRow } from './judge-row.js';
import type { Rules } from './judge-row.js';
import { findTaskObstacle } from './obstacles.js';
import type { CellPair, ComparableRun } from './pair-cells.js';

/** A row whose verdict may wait for the paired tests of the whole difference. */
export interface JudgedRow {
  row: RowVerdict;
  p: number | undefined;
}

/** Mean log-probability of the right answers: an answer flips late, its probability moves at once. */
const target: Metric = {
  name: 'targetLogprob',
  higherIsBetter: true,
  comparison: { test: 'bootstrap', score: 'targetLogprob' },
};

/** All rows of the two cells of one name. */
export async function judgeCell(
  { key, before, after }: CellPair,
  runs: { before: ComparableRun; after: ComparableRun },
  rules: Rules,
): Promise<JudgedRow[]> {
  const metrics = (manifest: Manifest): Metric[] => manifest.tasks.find(({ name }) => name === key.task)?.metrics ?? [];
  const known = [...metrics(runs.after.manifest), ...metrics(runs.before.manifest)];
  const metricOf = (name: string): Metric | undefined => known.find((metric) => metric.name === name);
  const [was, is] = [rowsOf(before), rowsOf(after)];
  const make = (row: Row, verdict: Verdict, reason: string | undefined): JudgedRow => {
    const [a, b] = [was, is].map((rows) => finite(rows.find(({ metric }) => metric === row.metric)?.value));
    const plain = {
      ...{ ...key, metric: row.metric, protocol: row.protocol ?? undefined, higherIsBetter: row.higherIsBetter },
      ...{ measured: isMeasurement(row, metricOf(row.metric)), verdict, before: a, after: b },
    };
    return { row: { ...plain, difference: undefined, test: undefined, reason }, p: undefined };
  };
  if (typeof after !== 'object') {
    if (after === 'pending') return was.map((row) => make(row, 'incomparable', 'the later run has no result yet'));
    return was.map((row) => make(row, 'gone', undefined));
  }
  if (after.status === 'failed') {
    const reason = `${after.error?.code ?? 'INTERNAL'}: ${after.error?.message ?? 'no message'}`;
    return (was.length > 0 ? was : [nameless]).map((row) => make(row, 'failed', reason));
  }
  if (typeof before !== 'object' || before.status === 'failed') {
    const reason =
      before === 'none'
        ? undefined
        : before === 'pending'
          ? 'the earlier run has no result yet'
          : 'it failed in the earlier run';
    return is.map((row) => make(row, 'new', reason));
  }
  const obstacle = findTaskObstacle(runs.before.manifest, runs.after.manifest, key.task);
  const isSame = before.digest === after.digest;
  const samples = isSame ? [] : await Promise.all([runs.before.read(before.digest), runs.after.read(after.digest)]);
  const pair = [before, after].map((cell, i) => withTarget(cell, samples[i]));
  const [earlier, later] = pair as [CellResult, CellResult];
  const judged = later.rows.flatMap((row): JudgedRow[] => {
    const other = earlier.rows.find(({ metric }) => metric === row.metric);
    if (!other) return row.metric === target.name ? [] : [make(row, 'new', undefined)];
    const metric = row.metric === target.name ? target : metricOf(row.metric);
    const outline = make(row, 'incomparable', obstacle).row;
    const values = { before: finite(other.value), after: finite(row.value) };
    if (obstacle !== undefined) return [{ row: { ...outline, ...values }, p: undefined }];
    const { p, ...judgement } = judgeRow(
      { row: other, cell: earlier, samples: samples[0] },
      { row, cell: later, samples: samples[1] },
      metric,
      rules,
    );
    return [{ row: { ...outline, ...values, ...judgement }, p }];
  });
  const gone = was.filter(({ metric }) => !is.some((row) => row.metric === metric));
  return [...judged, ...gone.map((row) => make(row, 'gone', undefined))];
}

/** Stands for a failed cell of which no figure is known. */
const nameless = { metric: '', protocol: undefined, higherIsBetter: true } as Row;

function rowsOf(cell: CellPair['before']): readonly Row[] {
  return typeof cell === 'object' && cell.status === 'done' ? cell.rows : [];
}

/** A cell with the row of its right answers' log-probabilities, where its samples hold them. */
function withTarget(cell: CellResult, samples: string | undefined): CellResult {
  const [first] = cell.rows;
  const found = samples === undefined ? '' : readObservations(samples, target.name, { test: 'bootstrap' });
  if (first === undefined || typeof found === 'string') return cell;
  const value = valueOf(found, 'mean');
  const row: Row = {
    ...{ ...first, metric: target.name, protocol: undefined, value, stderr: undefined, n: found.values.length },
    ...{ higherIsBetter: true, subsets: undefined },
  };
  return { ...cell, rows: [...cell.rows, row] };
}

/** Null on disk stands for what is not finite. */
function finite(value: number | null | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
