// Run files and the words in them: loads neither models nor a runtime, for what must start at once.
export * from '../errors.js';
export { executions } from '../execution.js';
export { chatTurns } from '../scoring/prompts.js';
export { version } from '../version.js';
export { writeAtomic } from './atomic-write.js';
export type * from './night.js';
export { findRuns, readRun, readRuns, readSamples } from './read-run.js';
export type { LeftOut, StoredRun } from './read-run.js';
export type * from './reproduction.js';
export * from './run-difference.js';
export { runFormatVersion } from './run-format.js';
export { lockRun } from './run-lock.js';
export { RunStore } from './run-store.js';
export type * from './types.js';
