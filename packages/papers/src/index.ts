export { findTable, tables } from './tables.js';
export type { PaperRow, PaperTable } from './table.js';
