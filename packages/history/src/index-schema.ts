import { createTable } from './duckdb.js';
import type { Columns, Value } from './duckdb.js';

/** Of the index's tables: one of another version is built anew. */
export const indexVersion = 1;

/** Lines for a table by its columns. */
export type RecordOf<C extends Columns> = { [K in keyof C]: Value };

/** Of one metric of a cell; a cell without a figure has one line without a metric. Names and units are those of run files. */
export const rowColumns = {
  run: 'text',
  folder: 'text',
  created: 'instant',
  model: 'text',
  modelDigest: 'text',
  recipe: 'text',
  bits: 'number',
  task: 'text',
  taskVersion: 'text',
  fewShot: 'integer',
  chatTemplate: 'text',
  metric: 'text',
  protocol: 'text',
  value: 'number',
  stderr: 'number',
  n: 'integer',
  higherIsBetter: 'boolean',
  measured: 'boolean',
  bitsPerWeight: 'number',
  precision: 'text',
  executedLayers: 'integer',
  fallbacks: 'integer',
  source: 'text',
  status: 'text',
  errorCode: 'text',
  error: 'text',
  documents: 'integer',
  tokens: 'integer',
  computedTokens: 'integer',
  savedTokens: 'integer',
  windows: 'integer',
  truncated: 'integer',
  omitted: 'integer',
  tokenSha256: 'text',
  calibration: 'text',
  calibrationTokenSha256: 'text',
  cellDigest: 'text',
  layersDigest: 'text',
  lowbit: 'text',
  fingerprint: 'text',
  processor: 'text',
  seconds: 'number',
  secondsQuantize: 'number',
  secondsLoad: 'number',
  secondsScore: 'number',
  secondsTokenize: 'number',
  peakMemoryBytes: 'integer',
} as const satisfies Columns;

export const runColumns = {
  run: 'text',
  folder: 'text',
  created: 'instant',
  title: 'text',
  lowbit: 'text',
  commit: 'text',
  node: 'text',
  onnxruntime: 'text',
  platform: 'text',
  processor: 'text',
  cores: 'integer',
  memoryBytes: 'integer',
  kernels: 'text',
  device: 'text',
  workers: 'integer',
  threadsPerWorker: 'integer',
  fingerprint: 'text',
  planDigest: 'text',
  imported: 'boolean',
  cells: 'integer',
  done: 'integer',
  failed: 'integer',
  signature: 'text',
} as const satisfies Columns;

/** Errors of linears, once for all cells that scored the same artifact. */
export const layerColumns = {
  layersDigest: 'text',
  layer: 'text',
  block: 'integer',
  role: 'text',
  method: 'text',
  rows: 'integer',
  cols: 'integer',
  bitsPerWeight: 'number',
  weightError: 'number',
  outputError: 'number',
  squaredOutputError: 'number',
  rtnSquaredOutputError: 'number',
  hessianTrace: 'number',
  fallback: 'text',
} as const satisfies Columns;

/** What can move a figure, by run: its environment, checkpoints, recipes, tasks and data. */
export const factColumns = { folder: 'text', what: 'text', of: 'text', value: 'text' } as const satisfies Columns;

export const leftOutColumns = { folder: 'text', reason: 'text' } as const satisfies Columns;

/** Where runs are looked for, relative to the index. */
const folderColumns = { path: 'text' } as const satisfies Columns;

export const tables = {
  rows: rowColumns,
  runs: runColumns,
  artifactLayers: layerColumns,
  facts: factColumns,
  leftOut: leftOutColumns,
} as const;

/** Between a run and the one of the same name before it. */
const changesView = `CREATE VIEW changes AS
WITH pairs AS (
  SELECT * FROM (SELECT run, folder, created, lag(folder) OVER (PARTITION BY run ORDER BY created, folder) AS previous FROM runs)
  WHERE previous IS NOT NULL
), keys AS (
  SELECT DISTINCT pairs.*, facts.what, facts."of" FROM pairs JOIN facts ON facts.folder = pairs.folder OR facts.folder = pairs.previous
)
SELECT keys.run, keys.folder, keys.created, keys.previous, keys.what, keys."of", b.value AS "before", a.value AS "after"
FROM keys
LEFT JOIN facts b ON b.folder = keys.previous AND b.what = keys.what AND b."of" = keys."of"
LEFT JOIN facts a ON a.folder = keys.folder AND a.what = keys.what AND a."of" = keys."of"
WHERE a.value IS DISTINCT FROM b.value
ORDER BY keys.created, keys.folder, keys.what, keys."of"`;

const layersView = `CREATE VIEW layers AS
SELECT artifacts.* EXCLUDE (layersDigest), artifactLayers.* EXCLUDE (layersDigest)
FROM (SELECT DISTINCT run, folder, created, model, recipe, layersDigest FROM rows WHERE layersDigest IS NOT NULL) artifacts
JOIN artifactLayers USING (layersDigest)`;

export const schema: readonly string[] = [
  'CREATE TABLE lowbitIndex (version INTEGER)',
  `INSERT INTO lowbitIndex VALUES (${indexVersion})`,
  createTable('folders', folderColumns),
  ...Object.entries(tables).map(([name, columns]) => createTable(name, columns)),
  layersView,
  changesView,
];
