export { findTable, tables } from './tables.js';
export { isCovered } from './table.js';
export type { CoveredRow, PaperRow, PaperTable, StandIn, UncoveredRow } from './table.js';
export { knownDecoder, paperModels } from './models.js';
export type { ModelId, PaperModel } from './models.js';
export type { Measure } from './measures.js';
