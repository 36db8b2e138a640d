import { resolveRecipe } from '@lowbit/core';
import type { CellResult, MissingItem, Registry, ReproducedRow, Reproduction, Row, RowCost } from '@lowbit/core';
import { downloadBytes, estimateCost } from './cost.js';
import { dataFiles } from './data-files.js';
import { paperModels } from './models.js';
import type { ModelId, PaperModel } from './models.js';
import { tasksOf } from './plan.js';
import type { ReproductionPlan, RowPlan } from './plan.js';
import type { PlannedRun } from './plan-runs.js';
import { isCovered } from './table.js';
import type { CoveredRow } from './table.js';

/** What came of a planned run: its cells and the means of task groups, or why there are none. */
export interface RunResult {
  run: PlannedRun;
  cells: readonly CellResult[];
  means: readonly Row[];
  failure?: string | undefined;
}

/** The table beside what was computed, and what would have to be there for the rest. `rate`: see `estimateCost`. */
export function assembleReproduction(
  { table, rows }: ReproductionPlan,
  results: readonly RunResult[],
  registry: Registry,
  rate: number | undefined,
): Reproduction {
  const runOf = new Map(results.flatMap((result) => result.run.rows.map((plan) => [plan, result] as const)));
  const { name, title, source, notes, standIn } = table;
  return {
    ...{ table: name, title, source, isStandIn: standIn !== undefined },
    notes: standIn
      ? [
          `A stand-in for ${standIn.of.join(', ')}: values that Lowbit measured itself (${standIn.measured}), to hold against regressions; no paper's.`,
          ...notes,
        ]
      : [...notes],
    rows: rows.map((plan) =>
      describeRow(plan, table.source, runOf.get(plan), rate === undefined ? undefined : costOf(plan, registry, rate)),
    ),
    missing: listMissing(rows),
  };
}

/** Undefined where a row is not covered. */
export function costOf({ row, path }: RowPlan, registry: Registry, rate: number): RowCost | undefined {
  if (!isCovered(row)) return undefined;
  const recipe = resolveRecipe(row.recipe, registry);
  return estimateCost(row, { rate, recipe, tasks: tasksOf(row, registry), isThere: path !== undefined });
}

function describeRow(
  { row, obstacle, notes }: RowPlan,
  source: string,
  result: RunResult | undefined,
  cost: RowCost | undefined,
): ReproducedRow {
  const { method, model, measure, expected } = row;
  const figure = isCovered(row) ? findFigure(row, result) : { reason: undefined };
  const ours = 'value' in figure ? figure.value : undefined;
  const delta = ours === undefined ? undefined : ours - expected;
  const tolerance = isCovered(row) ? row.tolerance : undefined;
  return {
    ...{ method, model, expected, delta, tolerance, source, ours, cost },
    recipe: isCovered(row) ? row.recipe : row.setting,
    task: measure.task,
    metric: measure.metric,
    protocol:
      'value' in figure
        ? figure.protocol
        : measure.window === undefined
          ? undefined
          : `${measure.window} tokens a window`,
    calibration: isCovered(row) ? showCalibration(row) : undefined,
    toleranceReason: isCovered(row) ? row.toleranceReason : '',
    notes: [...row.notes, ...notes],
    stderr: 'value' in figure ? figure.stderr : undefined,
    verdict:
      obstacle?.kind ?? (delta === undefined ? 'not run' : isWithin(delta, tolerance ?? 0) ? 'within' : 'outside'),
    reason: obstacle?.reason ?? ('reason' in figure ? figure.reason : undefined),
  };
}

/** A last bit of slack, so that a value on the edge as printed is within. */
function isWithin(delta: number, tolerance: number): boolean {
  return Math.abs(delta) <= tolerance * (1 + 1e-9);
}

function findFigure(
  { model, recipe, measure: { task, metric } }: CoveredRow,
  result: RunResult | undefined,
): Pick<Row, 'value' | 'stderr' | 'protocol'> | { reason: string | undefined } {
  if (!result) return { reason: undefined };
  const isOwn = (each: { model: string; recipe: string }): boolean => each.model === model && each.recipe === recipe;
  const rows = [...result.cells.flatMap((cell) => cell.rows), ...result.means].filter(isOwn);
  const found = rows.find((row) => row.task === task && row.metric === metric);
  if (found) return found;
  const failed = result.cells.find((cell) => isOwn(cell) && cell.error);
  return { reason: result.failure ?? (failed ? `${failed.task} failed: ${failed.error?.message}` : 'no result yet') };
}

/** Without this machine's folders. */
function showCalibration({ calibration }: CoveredRow): string | undefined {
  return calibration?.replace('{model}/', '');
}

/** A copy that is there and cannot be used is not cured by downloading it again. */
function listMissing(rows: readonly RowPlan[]): MissingItem[] {
  const open = rows.filter(({ obstacle }) => obstacle?.kind === 'not run');
  const models = open.flatMap(({ row, isAbsent }) => (isCovered(row) && isAbsent ? [row.model] : []));
  const files = open.flatMap(({ absentFiles }) => absentFiles);
  return [...[...new Set(models)].map(describeModel), ...[...new Set(files)].map(describeFile)];
}

function describeModel(id: ModelId): MissingItem {
  const { origin }: PaperModel = paperModels[id];
  const cure = origin ?? `hf download ${id} --local-dir MODELS/${id}, then --models MODELS`;
  return { kind: 'model', name: id, cure, bytes: downloadBytes(id) };
}

function describeFile(name: string): MissingItem {
  const { origin, bytes } = dataFiles[name] ?? {};
  const cure = `${origin === undefined ? '' : `${origin}: `}put the official file at ${name} below --data`;
  return { kind: 'data', name, cure, bytes };
}
