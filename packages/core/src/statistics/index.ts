export * from './bootstrap.js';
export { studentQuantile } from './distributions.js';
export * from './estimates.js';
export * from './holm.js';
export * from './paired-interval.js';
export * from './power.js';
export * from './sign-test.js';
