export { foldNorms } from './fold-norms.js';
export { editWeight } from './linear.js';
export { permuteInner, permuteInput, permuteResidual } from './permute.js';
export { checkResidual } from './residual.js';
export * from './rotate.js';
export * from './scale.js';
