export { defineExperiment } from '@lowbit/core';
export type { ExperimentSpec } from '@lowbit/core';
export { defineNightly } from '@lowbit/history';
export type { NightlySpec } from '@lowbit/history';
export type { Host } from './host.js';
export { runProgram } from './program.js';
