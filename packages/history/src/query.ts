// What asks the index: loads no engine of models, so that an answer does not wait for one.
export { writeParquet } from './duckdb.js';
export type { ColumnType, Table, Value } from './duckdb.js';
export { HistoryIndex } from './history.js';
export type { HistoryOptions } from './history.js';
export { rowColumns } from './index-schema.js';
export { aggregates, pivotRows } from './pivot.js';
export type { Aggregate, Pivot } from './pivot.js';
export { requireColumn, selectRows } from './select-rows.js';
export type { HistoryQuery, RowColumn, RowSelection } from './select-rows.js';
