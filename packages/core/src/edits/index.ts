export { foldNorms } from './fold-norms.js';
export { editWeight } from './linear.js';
export * from './rotate.js';
export * from './scale.js';
