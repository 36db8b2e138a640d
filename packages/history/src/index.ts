export { listNights } from './nights.js';
