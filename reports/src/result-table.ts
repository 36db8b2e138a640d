import type {
  CellInterval,
  CellResult,
  LayerRecord,
  Manifest,
  ModelRecord,
  PairComparison,
  RecipeRecord,
  Row,
  TaskGroup,
  TaskRecord,
} from '@lowbit/core';
import { indexCells, type CellIndex } from './cell-index.js';
import { compareFigures, type Delta } from './delta.js';
import { percentDecimals, unitOf, type Unit } from './format-number.js';
import { averageGroup, groupMetric } from './group-rows.js';
import { describeFamily, indexPairs, isDistinct, type PairIndex } from './pairs.js';
import { isFloat, nameSeries } from './recipe-series.js';
import type { RunData } from './run-data.js';

/** The main table of one model: recipes as rows (float, then bits downwards, then method), metrics as columns. */
export interface ResultTable {
  model: ModelRecord;
  columns: MetricColumn[];
  rows: RecipeRow[];
  /** Level and correction of what is marked; undefined where nothing was compared. */
  family: string | undefined;
}

export interface MetricColumn {
  /** Or the name of the group. */
  task: string;
  /** Of a column of means. */
  group?: TaskGroup | undefined;
  metric: string;
  protocol: string | undefined;
  higherIsBetter: boolean;
  /** Of this machine and execution: neither compared nor ranked. */
  measured: boolean;
  unit: Unit;
  /** The same for the whole column, so that percentages align; plain values choose their own. */
  decimals: number | undefined;
}

export interface RecipeRow {
  recipe: string;
  /** Methods, and the options in which recipes of the same methods differ. */
  series: string;
  isFloat: boolean;
  bits: number | undefined;
  /** Measured on the stored bytes; undefined where no cell of the recipe is done. */
  bitsPerWeight: number | undefined;
  layers: LayerRecord[];
  fallbacks: LayerRecord[];
  /** One for each column. */
  entries: Entry[];
}

export type Entry =
  | DoneEntry
  | { status: 'failed'; code: string; message: string }
  /** Planned, without a result yet. */
  | { status: 'missing' }
  /** Not in the plan, or a metric that the finished cell does not have. */
  | { status: 'none' };

export interface DoneEntry {
  status: 'done';
  value: number;
  stderr: number | undefined;
  n: number;
  /** Undefined for float itself and where float has no figure. */
  delta: Delta | undefined;
  /** Best figure of its column among two or more recipes of the same bits. */
  isBest: boolean;
  /** Of the same bits, and no test tells it from the best. */
  tiesForBest: boolean;
  /** With float on the same documents; undefined for float itself and where the samples were not compared. */
  pair: PairComparison | undefined;
  /** Told from float; undefined where they were not compared. */
  isDistinct: boolean | undefined;
  interval: CellInterval | undefined;
}

/** Quantiles of the distance to float: in CSV and JSON, too much for a table. */
const onlyInData = new Set(['klMedian', 'kl99', 'klMax']);

/** One table for each model of the run, in the manifest's order. */
export function buildResultTables(run: RunData): ResultTable[] {
  const index = indexCells(run);
  const pairs = indexPairs(run.comparisons);
  return run.manifest.models.map((model) => {
    const table = { ...buildTable(run.manifest, index, model), family: describeFamily(run.comparisons, model.name) };
    if (run.comparisons) addComparisons(table, pairs, run.comparisons.level);
    return table;
  });
}

function buildTable(manifest: Manifest, index: CellIndex, model: ModelRecord): Omit<ResultTable, 'family'> {
  const recipes = orderRecipes(
    manifest.recipes.filter((recipe) =>
      manifest.tasks.some((task) => index.isPlanned(model.name, recipe.name, task.name)),
    ),
    nameSeries(manifest.recipes),
  );
  const tasks = manifest.tasks.filter((task) =>
    manifest.recipes.some((recipe) => index.isPlanned(model.name, recipe.name, task.name)),
  );
  const groups = (manifest.groups ?? []).filter(({ members }) =>
    members.every((member) => tasks.some((task) => task.name === member.task)),
  );
  const columns = [
    ...tasks.flatMap((task) => columnsOf(task, doneRows(index, model.name, recipes, task.name))),
    ...groups.flatMap((group) => columnOfMeans(group, index, model.name, recipes)),
  ];
  const rows = recipes.map(({ recipe, series }) => buildRow(manifest, index, model, recipe, series, columns));
  addDeltas(rows, columns);
  markBest(rows, columns);
  return { model, columns, rows };
}

function orderRecipes(recipes: readonly RecipeRecord[], names: ReadonlyMap<string, string>) {
  const named = recipes.map((recipe) => ({ recipe, series: names.get(recipe.name) ?? recipe.name }));
  // Without named bits a recipe comes last; the sort is stable, so that the plan's order decides what is left.
  const rank = (recipe: RecipeRecord) => (isFloat(recipe) ? -Infinity : -(recipe.bits ?? 0));
  return named.sort((a, b) => compare(rank(a.recipe), rank(b.recipe)) || compare(a.series, b.series));
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function doneRows(index: CellIndex, model: string, recipes: { recipe: RecipeRecord }[], task: string): Row[] {
  return recipes.flatMap(({ recipe }) => index.find(model, recipe.name, task)?.rows ?? []);
}

function columnsOf(task: Pick<TaskRecord, 'name' | 'metrics'>, rows: readonly Row[]): MetricColumn[] {
  const declared = task.metrics.map(({ name, protocol, higherIsBetter, measured = false }) => {
    // The row knows the window that was used; the task's own words are the default.
    const found = rows.find((row) => row.metric === name);
    return { metric: name, protocol: found?.protocol ?? protocol, higherIsBetter, measured };
  });
  const others = rows.filter(
    (row) => !declared.some((column) => column.metric === row.metric) && !onlyInData.has(row.metric),
  );
  const extra = new Map(
    others.map(({ metric, protocol, higherIsBetter }) => [
      metric,
      { metric, protocol, higherIsBetter, measured: false },
    ]),
  );
  return [...declared, ...extra.values()].map((column) => {
    const unit = unitOf(column.metric);
    const errors = rows.flatMap((row) => (row.metric === column.metric ? (row.stderr ?? []) : []));
    const smallest = errors.length > 0 ? Math.min(...errors) : undefined;
    return { task: task.name, ...column, unit, decimals: unit === 'percent' ? percentDecimals(smallest) : undefined };
  });
}

function columnOfMeans(
  group: TaskGroup,
  index: CellIndex,
  model: string,
  recipes: { recipe: RecipeRecord }[],
): MetricColumn[] {
  const { name, protocol } = group;
  const rows = recipes.flatMap(({ recipe }) => averageGroup(group, membersOf(group, index, model, recipe.name)) ?? []);
  const columns = columnsOf({ name, metrics: [{ name: groupMetric, higherIsBetter: true, protocol }] }, rows);
  return columns.map((column) => ({ ...column, group }));
}

function membersOf({ members }: TaskGroup, index: CellIndex, model: string, recipe: string): CellResult[] {
  return members.flatMap(({ task }) => index.find(model, recipe, task) ?? []);
}

function buildRow(
  manifest: Manifest,
  index: CellIndex,
  model: ModelRecord,
  recipe: RecipeRecord,
  series: string,
  columns: readonly MetricColumn[],
): RecipeRow {
  const cells = manifest.tasks.flatMap((task) => index.find(model.name, recipe.name, task.name) ?? []);
  const layers = cells.find((cell) => cell.layers.length > 0)?.layers ?? [];
  return {
    recipe: recipe.name,
    series,
    isFloat: isFloat(recipe),
    bits: recipe.bits,
    bitsPerWeight:
      cells.flatMap((cell) => cell.rows)[0]?.bitsPerWeight ??
      (isFloat(recipe) ? (model.bitsPerWeight ?? undefined) : undefined),
    layers,
    fallbacks: layers.filter((layer) => layer.fallback !== undefined),
    entries: columns.map((column) => readEntry(index, model.name, recipe.name, column)),
  };
}

function readEntry(index: CellIndex, model: string, recipe: string, column: MetricColumn): Entry {
  const { group } = column;
  const tasks = group ? group.members.map(({ task }) => task) : [column.task];
  const cells = tasks.flatMap((task) => index.find(model, recipe, task) ?? []);
  const failed = cells.find(({ status }) => status === 'failed');
  if (failed) {
    const { code, message } = failed.error ?? { code: 'INTERNAL', message: 'The cell failed and left no reason.' };
    return { status: 'failed', code, message };
  }
  if (cells.length < tasks.length)
    return { status: tasks.every((task) => index.isPlanned(model, recipe, task)) ? 'missing' : 'none' };
  const row = group ? averageGroup(group, cells) : cells[0]?.rows.find(({ metric }) => metric === column.metric);
  if (!row) return { status: 'none' };
  // JSON has no infinity: a perplexity that overflowed comes back from the store as null.
  const value = typeof row.value === 'number' ? row.value : Number.NaN;
  const unknown = { delta: undefined, pair: undefined, isDistinct: undefined, interval: undefined };
  return {
    ...{ status: 'done', value, stderr: row.stderr ?? undefined, n: row.n },
    ...{ ...unknown, isBest: false, tiesForBest: false },
  };
}

function addDeltas(rows: readonly RecipeRow[], columns: readonly MetricColumn[]): void {
  const float = rows.find((row) => row.isFloat);
  columns.forEach((column, position) => {
    const baseline = float?.entries[position];
    if (baseline?.status !== 'done' || !Number.isFinite(baseline.value)) return;
    for (const row of rows) {
      const entry = row.entries[position];
      if (row.isFloat || entry?.status !== 'done' || !Number.isFinite(entry.value)) continue;
      entry.delta = compareFigures(entry, baseline, column.higherIsBetter);
    }
  });
}

function markBest(rows: readonly RecipeRow[], columns: readonly MetricColumn[]): void {
  const widths = new Set(rows.filter((row) => !row.isFloat && row.bits !== undefined).map((row) => row.bits));
  columns.forEach((column, position) => {
    for (const bits of widths) {
      const entries = rows
        .filter((row) => !row.isFloat && row.bits === bits)
        .flatMap((row) => row.entries[position] ?? [])
        .filter((entry) => entry.status === 'done')
        .filter((entry) => Number.isFinite(entry.value));
      if (entries.length < 2 || column.measured) continue;
      const values = entries.map((entry) => entry.value);
      const best = column.higherIsBetter ? Math.max(...values) : Math.min(...values);
      for (const entry of entries) entry.isBest = entry.value === best;
    }
  });
}

/** What the paired tests say: which figures are told from float, and which tie for best among those of the same bits. */
function addComparisons({ model, rows, columns }: ResultTable, pairs: PairIndex, level: number): void {
  const float = rows.find((row) => row.isFloat);
  columns.forEach((column, position) => {
    const done = rows.flatMap((row) => {
      const entry = row.entries[position];
      return entry?.status === 'done' ? [{ row, entry }] : [];
    });
    for (const { row, entry } of done) {
      entry.interval = pairs.interval(model.name, column, row.recipe);
      if (row.isFloat || !float) continue;
      entry.pair = pairs.find(model.name, column, row.recipe, float.recipe);
      entry.isDistinct = isDistinct(entry.pair, level);
    }
    for (const best of done.filter(({ entry }) => entry.isBest))
      for (const { row, entry } of done)
        if (!row.isFloat && row.bits === best.row.bits && !entry.isBest)
          entry.tiesForBest ||=
            isDistinct(pairs.find(model.name, column, row.recipe, best.row.recipe), level) === false;
  });
}
