import { stringify } from 'csv-stringify/sync';
import type { CellKey, CellResult, Row, TaskRecord } from '@lowbit/core';
import { compareFigures } from './delta.js';
import { listGroupRows } from './group-rows.js';
import { guardFormula } from './guard-formula.js';
import { isFloat } from './recipe-series.js';
import { indexCells, type CellIndex } from './cell-index.js';
import { buildResultTables, type DoneEntry } from './result-table.js';
import type { RunData } from './run-data.js';

export type Field = string | number | boolean | undefined;

/**
 * Tidy: one line for each row of the store, one without a metric for each cell that failed or has no result, and one for
 * each mean of a task group. Shares
 * are fractions, numbers have full precision; the columns that begin with `seconds` are measurements of this execution.
 */
export function renderCsv(runs: readonly RunData[]): string {
  const records = runs.flatMap((run) => {
    const index = { ...indexCells(run), entries: indexEntries(run) };
    const means = listGroupRows(run);
    return [
      ...run.manifest.cells.flatMap((key) => describeCell(run, index, key)),
      ...means.map((row) => describeRow(run, index, { ...row, digest: '' }, undefined, row, means)),
    ];
  });
  return formatCsv(Object.keys(records[0] ?? {}), records);
}

/** A line of names, then the records in their order. */
export function formatCsv<K extends string>(columns: readonly K[], records: readonly Record<K, Field>[]): string {
  const lines = records.map((record) => columns.map((column) => toText(record[column])));
  return stringify([columns.map(guardFormula), ...lines], { record_delimiter: '\n' });
}

interface Index extends CellIndex {
  /** What the main table says of a row. */
  entries: (row: Row) => DoneEntry | undefined;
}

function indexEntries(run: RunData): Index['entries'] {
  const tables = new Map(buildResultTables(run).map((table) => [table.model.name, table]));
  return ({ model, recipe, task, metric }) => {
    const table = tables.get(model);
    const position = table?.columns.findIndex((column) => column.task === task && column.metric === metric) ?? -1;
    const entry = table?.rows.find((row) => row.recipe === recipe)?.entries[position];
    return entry?.status === 'done' ? entry : undefined;
  };
}

function describeCell(run: RunData, index: Index, key: CellKey): Record<string, Field>[] {
  const cell = index.find(key.model, key.recipe, key.task);
  if (!cell || cell.rows.length === 0) return [describeRow(run, index, key, cell, undefined)];
  return cell.rows.map((row) => describeRow(run, index, key, cell, row));
}

function describeRow(
  { manifest }: RunData,
  index: Index,
  key: CellKey,
  cell: CellResult | undefined,
  row: Row | undefined,
  means: readonly Row[] = [],
): Record<string, Field> {
  const model = manifest.models.find(({ name }) => name === key.model);
  const recipe = manifest.recipes.find(({ name }) => name === key.recipe);
  const task: TaskRecord | undefined = manifest.tasks.find(({ name }) => name === key.task);
  const delta =
    row && recipe && !isFloat(recipe) ? findDelta(manifest.recipes.find(isFloat)?.name, index, row, means) : undefined;
  const { interval, pair, isDistinct, isBest, tiesForBest } = (row && index.entries(row)) ?? {};
  const test = pair?.result;
  const counts = cell?.status === 'done' ? cell.counts : undefined;
  return {
    run: manifest.name,
    model: key.model,
    modelDigest: model?.digest,
    recipe: key.recipe,
    bits: recipe?.bits,
    task: key.task,
    taskVersion: task?.version,
    fewShot: row?.fewShot ?? task?.fewShot,
    chatTemplate: row?.chatTemplate ?? task?.chatTemplate,
    metric: row?.metric,
    protocol: row?.protocol,
    value: row?.value,
    stderr: row?.stderr,
    n: row?.n,
    higherIsBetter: row?.higherIsBetter,
    delta: delta?.value,
    recovery: delta?.ratio,
    low: interval?.low,
    high: interval?.high,
    floatTest: test?.test,
    floatScale: test?.scale,
    floatDifference: test?.difference,
    floatLow: test?.low,
    floatHigh: test?.high,
    floatP: test?.p,
    floatAdjustedP: test?.adjustedP,
    distinctFromFloat: isDistinct,
    best: isBest ? 'best' : tiesForBest ? 'tie' : undefined,
    bitsPerWeight: row?.bitsPerWeight,
    precision: row?.precision,
    executedLayers: row?.executedLayers,
    fallbacks: cell?.layers.filter((layer) => layer.fallback !== undefined).length,
    status: cell?.status ?? (row ? 'done' : 'missing'),
    errorCode: cell?.error?.code,
    error: cell?.error?.message,
    documents: counts?.documents,
    tokens: counts?.tokens,
    computedTokens: counts?.computedTokens,
    savedTokens: counts?.savedTokens,
    windows: counts?.windows,
    tokenSha256: counts?.tokenSha256,
    calibrationTokenSha256: manifest.calibration?.tokenSha256,
    cellDigest: key.digest || undefined,
    fingerprint: manifest.environment.fingerprint,
    seconds: row?.seconds,
    secondsQuantize: cell?.seconds.quantize,
    secondsLoad: cell?.seconds.load,
    secondsScore: cell?.seconds.score,
    secondsTokenize: cell?.seconds.tokenize,
  };
}

function findDelta(float: string | undefined, index: CellIndex, row: Row, means: readonly Row[]) {
  const cell = float === undefined ? undefined : index.find(row.model, float, row.task);
  const others = means.filter(
    ({ model, recipe, task }) => model === row.model && recipe === float && task === row.task,
  );
  const baseline = (cell?.rows ?? others).find(({ metric }) => metric === row.metric);
  if (!baseline || !Number.isFinite(baseline.value) || !Number.isFinite(row.value)) return undefined;
  return compareFigures(row, baseline, row.higherIsBetter);
}

function toText(field: Field): string {
  if (typeof field === 'string') return guardFormula(field);
  return field === undefined || field === null ? '' : String(field);
}
