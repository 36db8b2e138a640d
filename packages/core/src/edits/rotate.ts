import type { Kernels, RotationFactor } from '@lowbit/kernels';
import type { Rotate } from '../draft/operators.js';
import type { ModelDraft } from '../method.js';
import type { Block, Linear } from '../model/decoder.js';
import { partRows } from '../model/decoder.js';
import { editWeight, locatePart, rotateCols, rotateRows, scaleCols, scaleRows } from './linear.js';
import { readGain } from './fold-norms.js';
import { readerWeights, residualStream } from './residual.js';
import { addTransform, refuse } from './sites.js';

/** An orthogonal matrix `diag(signs) * (f1 x f2 x ...)`, row vectors times it: float64 for folding, float32 for the graph. */
export interface Rotation {
  signs?: Float64Array | undefined;
  factors: readonly RotationFactor[];
  operator: Rotate;
}

/** Make one and share it: sites that hold the same arrays share a constant and a session. */
export function makeRotation(factors: readonly RotationFactor[], signs?: Float64Array): Rotation {
  const operator: Rotate = {
    kind: 'rotate',
    factors: factors.map(({ size, matrix }) => ({ size, matrix: matrix && Float32Array.from(matrix) })),
  };
  return { factors, signs, operator };
}

/**
 * Multiplies the residual stream by a rotation of `hiddenSize` (QuaRot 5.3 step 3; SpinQuant's R1). Exact after
 * `foldNorms`. Throws EDIT_REFUSED where a norm still has a gain.
 */
export async function rotateResidual(draft: ModelDraft, { factors, signs }: Rotation, kernels: Kernels): Promise<void> {
  const stream = residualStream(draft);
  for (const { norm } of stream.norms)
    if (norm.kind !== 'rms' || (await readGain(draft, norm)).some((gain) => gain !== 1))
      refuse(norm.name, 'its gain is not folded');
  for (const weight of [...stream.tables, ...stream.norms.flatMap((each) => readerWeights(draft, each))]) {
    if (signs) scaleCols(draft, weight, signs);
    rotateCols(draft, weight, factors, kernels);
  }
  for (const writer of stream.writers) {
    if (signs) scaleRows(draft, writer, 0, signs);
    rotateRows(draft, writer, factors, kernels);
  }
}

/**
 * Multiplies every value head by a rotation of `headDim`, undone in the output projection (QuaRot 5.3 step 5; SpinQuant's
 * R2). Exact; a bias of the values turns with them.
 */
export function rotateValueHeads(
  draft: ModelDraft,
  { attention }: Block,
  { factors }: Rotation,
  kernels: Kernels,
): void {
  const { linear, first, count } = locatePart(attention.inputs, 'value', (part) => partRows(attention, part));
  rotateRows(draft, linear, factors, kernels, { first, count });
  const { headDim, output } = attention;
  editWeight(draft, output, (values) => kernels.rotate(values, values.length / headDim, factors, 1));
}

/** Multiplies a linear's input by a rotation in the forward pass, undone in its weight. Exact. */
export function rotateInput(
  draft: ModelDraft,
  linear: Linear,
  { factors, operator }: Rotation,
  kernels: Kernels,
): void {
  addTransform(draft, `${linear.name}.input`, operator);
  rotateCols(draft, linear, factors, kernels);
}

/** Multiplies queries and keys by a rotation of `headDim` after the position encoding; it cancels in their products. Exact. */
export function rotateQueriesAndKeys(draft: ModelDraft, { index }: Block, { operator }: Rotation): void {
  for (const name of ['query', 'key'] as const) addTransform(draft, `block.${index}.${name}`, operator);
}
