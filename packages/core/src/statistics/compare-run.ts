import { readSamples } from '../store/read-run.js';
import type {
  CellInterval,
  CellResult,
  Manifest,
  ModelRecord,
  PairComparison,
  PairResult,
  RunComparisons,
  TaskRecord,
} from '../store/types.js';
import type { MetricComparison } from '../task.js';
import { drawResamples } from './bootstrap.js';
import type { Resamples } from './bootstrap.js';
import { compareObservations, findObstacle, intervalOf } from './compare-cells.js';
import type { CellFacts, Draw } from './compare-cells.js';
import { adjustHolm } from './holm.js';
import { comparisonOf, readObservations, valueOf } from './observations.js';

export interface CompareOptions {
  /** Recipe that the others are compared with; default the float model's. */
  baseline?: string | undefined;
  level?: number | undefined;
  seed?: number | undefined;
  /** Of the samples' lines of a cell; default those in the run's folder. */
  read?: ((digest: string) => Promise<string | undefined>) | undefined;
}

/**
 * Compares every two recipes of each model on every metric that both have, from the samples in the run's folder, with
 * Holm's correction over each model's table. What cannot be compared says why.
 */
export async function compareRun(
  folder: string,
  { manifest, cells }: { manifest: Manifest; cells: readonly CellResult[] },
  { baseline, level = 0.95, seed = 0, read = (digest) => readSamples(folder, digest) }: CompareOptions = {},
): Promise<RunComparisons> {
  const base = baseline ?? manifest.recipes.find(({ steps }) => steps.length === 0)?.name;
  const found: Pick<RunComparisons, 'intervals' | 'pairs'> = { intervals: [], pairs: [] };
  for (const model of manifest.models) {
    const own = manifest.tasks.flatMap((task) => collectCells(manifest, cells, model, task));
    const family = own.reduce(
      (total, { done, task }) => total + countPairs(done.length) * comparedMetrics(task).length,
      0,
    );
    const table: PairComparison[] = [];
    const draw = rememberDraws(replicatesFor(family, level), seed);
    for (const { task, done } of own) {
      const samples = await Promise.all(done.map(({ digest }) => read(digest)));
      const compared = compareTask(task, done, samples, { base, level, draw });
      table.push(...compared.pairs);
      found.intervals.push(...compared.intervals);
    }
    found.pairs.push(...adjust(table));
  }
  return { level, correction: 'holm', seed, ...found };
}

interface TaskCells {
  task: TaskRecord;
  /** In the order of the recipes. */
  done: CellResult[];
}

function collectCells(
  { cells: keys, recipes }: Manifest,
  cells: readonly CellResult[],
  model: ModelRecord,
  task: TaskRecord,
): TaskCells[] {
  const done = recipes.flatMap(({ name }) => {
    const key = keys.find((each) => each.model === model.name && each.recipe === name && each.task === task.name);
    const cell = key && cells.find(({ digest }) => digest === key.digest);
    return cell?.status === 'done' ? [cell] : [];
  });
  return done.length > 0 ? [{ task, done }] : [];
}

function comparedMetrics({ metrics }: TaskRecord): TaskRecord['metrics'] {
  return metrics.filter(({ measured }) => !measured);
}

/** Enough for the smallest p to pass Holm's first step twice over, whatever the size of the family. */
export function replicatesFor(family: number, level: number): number {
  return Math.max(9_999, Math.ceil((2 * family) / (1 - level)));
}

function countPairs(n: number): number {
  return (n * (n - 1)) / 2;
}

interface Settings {
  base: string | undefined;
  level: number;
  draw: Draw;
}

function compareTask(
  task: TaskRecord,
  done: readonly CellResult[],
  samples: readonly (string | undefined)[],
  settings: Settings,
): { pairs: PairComparison[]; intervals: CellInterval[] } {
  const { level, draw } = settings;
  const [pairs, intervals]: [PairComparison[], CellInterval[]] = [[], []];
  for (const metric of comparedMetrics(task)) {
    const comparison = comparisonOf(metric);
    const facts = done.map((cell, i) => readFacts(cell, samples[i], metric.name, comparison));
    for (const [i, { model, recipe }] of done.entries()) {
      const own = facts[i] as CellFacts | string;
      if (typeof own === 'string') continue;
      const interval = intervalOf(own.observations, comparison, draw, level);
      intervals.push({ ...{ model, recipe, task: task.name, metric: metric.name }, ...interval });
    }
    for (const [earlier, later] of listPairs(done.length)) {
      const names = [earlier, later].map((i) => done[i]?.recipe ?? '');
      // The baseline is what others are compared with, wherever it stands.
      const turned = names[1] === settings.base;
      const [i, j] = turned ? [earlier, later] : [later, earlier];
      const [recipe = '', against = ''] = turned ? names : [...names].reverse();
      const outcome = comparePair(facts[i], facts[j], recipe, against, (a, b) =>
        compareObservations(a.observations, b.observations, comparison, draw, level),
      );
      const { model = '' } = done[0] ?? {};
      const isBaseline = against === settings.base;
      pairs.push({ ...{ model, task: task.name, metric: metric.name, recipe, against, isBaseline }, ...outcome });
    }
  }
  return { pairs, intervals };
}

/** Resamples drawn once for each number of groups, so that all cells of a task share them. */
export function rememberDraws(replicates: number, seed: number): Draw {
  const drawn = new Map<number, Resamples>();
  return (n) => {
    const known = drawn.get(n) ?? drawResamples(n, { replicates, seed });
    drawn.set(n, known);
    return known;
  };
}

function listPairs(n: number): [earlier: number, later: number][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: i }, (_, j): [number, number] => [j, i])).flat();
}

/** A cell's observations of a metric, or why there are none. They must give the figure that the cell has. */
export function readFacts(
  { rows, counts }: CellResult,
  samples: string | undefined,
  metric: string,
  comparison: MetricComparison,
): CellFacts | string {
  const row = rows.find((each) => each.metric === metric);
  if (row === undefined) return 'it has no such figure';
  if (!Number.isFinite(row.value)) return 'its figure is not finite';
  if (samples === undefined) return 'it has no samples';
  const observations = readObservations(samples, metric, comparison);
  if (typeof observations === 'string') return observations;
  if (comparison.test === 'mcnemar' && observations.values.some((value) => value !== 0 && value !== 1))
    return 'its scores are not all 0 or 1';
  const value = valueOf(observations, comparison.scale);
  if (!(Math.abs(value - row.value) <= 1e-9 * Math.max(1, Math.abs(row.value))))
    return `its samples give ${value}, not its figure`;
  return { protocol: row.protocol, counts, observations };
}

type Found = Omit<PairResult, 'adjustedP' | 'family'>;

function comparePair(
  a: CellFacts | string | undefined,
  b: CellFacts | string | undefined,
  recipe: string,
  against: string,
  compare: (a: CellFacts, b: CellFacts) => Found,
): Pick<PairComparison, 'result' | 'reason'> {
  if (typeof a !== 'object') return { result: undefined, reason: `${recipe}: ${a ?? 'no cell'}` };
  if (typeof b !== 'object') return { result: undefined, reason: `${against}: ${b ?? 'no cell'}` };
  const obstacle = findObstacle(a, b);
  if (obstacle !== undefined) return { result: undefined, reason: obstacle };
  return { result: { ...compare(a, b), adjustedP: Number.NaN, family: 0 }, reason: undefined };
}

function adjust(table: readonly PairComparison[]): PairComparison[] {
  const compared = table.flatMap(({ result }) => result ?? []);
  const adjusted = adjustHolm(compared.map(({ p }) => p));
  let next = 0;
  return table.map((pair) =>
    pair.result === undefined
      ? pair
      : { ...pair, result: { ...pair.result, adjustedP: adjusted[next++] as number, family: compared.length } },
  );
}
