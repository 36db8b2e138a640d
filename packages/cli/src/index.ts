export { defineExperiment } from '@lowbit/core';
export type { ExperimentSpec } from '@lowbit/core';
export type { Host } from './host.js';
export { runProgram } from './program.js';
