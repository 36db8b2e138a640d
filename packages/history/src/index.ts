export { acceptNight, listNights, nameOf, readBaselines, readNight } from './nights.js';
export { History, type Draft, type OpenOptions } from './history-folder.js';
export { defineNightly, matchesCell, parseNightly } from './nightly-config.js';
export type { CellPattern, NightlyConfig, NightlySpec } from './nightly-config.js';
export * from './measurements.js';
export { judgeMeasurements, listSuspects, type JudgedFigure } from './judge-measured.js';
export { judgeNight, type NightFacts } from './judge-night.js';
export { labelNight, readPastNights, shortenSeries, type PastNight } from './night-series.js';
export * from './query.js';
