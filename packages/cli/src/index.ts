export { defineExperiment } from '@lowbit/core';
export type { ExperimentSpec } from '@lowbit/core';
