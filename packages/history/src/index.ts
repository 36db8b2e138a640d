export { listNights } from './nights.js';
export * from './query.js';
