import type { Kernels, RotationFactor } from '@lowbit/kernels';
import { transpose } from '../draft/draft.js';
import type { ModelDraft } from '../method.js';
import type { Linear, LinearPart, TensorView } from '../model/decoder.js';

/** Anything whose weight is `[rows, cols]`: a linear, the head, an embedding table. */
export type WeightShape = Pick<Linear, 'rows' | 'cols' | 'weight'>;

/** Changes a weight seen as `[rows, cols]`, whatever way it lies. */
export function editWeight(
  draft: ModelDraft,
  { rows, cols, weight }: WeightShape,
  change: (values: Float32Array) => Float32Array | Promise<Float32Array>,
): void {
  draft.edit(weight.tensor, async (stored) =>
    weight.transposed ? transpose(await change(transpose(stored, cols, rows)), rows, cols) : change(stored),
  );
}

/** A table or the head as a weight. */
export function asWeight(view: TensorView): WeightShape {
  const [rows, cols] = view.shape as [number, number];
  return { rows, cols, weight: view };
}

/** Column j times `factors[j]`. */
export function scaleCols(draft: ModelDraft, linear: WeightShape, factors: ArrayLike<number>): void {
  editWeight(draft, linear, (values) => {
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * (factors[i % linear.cols] as number);
    return values;
  });
}

/** Rows `first ..` times `factors`, bias with them. */
export function scaleRows(draft: ModelDraft, linear: Linear, first: number, factors: ArrayLike<number>): void {
  const { cols } = linear;
  editWeight(draft, linear, (values) => {
    for (let row = 0; row < factors.length; row++)
      for (let col = 0; col < cols; col++) {
        const at = (first + row) * cols + col;
        values[at] = (values[at] as number) * (factors[row] as number);
      }
    return values;
  });
  if (linear.bias)
    draft.edit(linear.bias.tensor, (values) => {
      for (let row = 0; row < factors.length; row++)
        values[first + row] = (values[first + row] as number) * (factors[row] as number);
      return values;
    });
}

/** W <- W R: the weight takes inputs that were multiplied by R. */
export function rotateCols(
  draft: ModelDraft,
  { rows, ...rest }: WeightShape,
  factors: readonly RotationFactor[],
  kernels: Kernels,
): void {
  editWeight(draft, { rows, ...rest }, (values) => kernels.rotate(values, rows, factors, 1));
}

/** W <- Rt W and b <- b R: the outputs come multiplied by R. Rows `first .. first + count`; the factors repeat over them. */
export function rotateRows(
  draft: ModelDraft,
  linear: Linear,
  factors: readonly RotationFactor[],
  kernels: Kernels,
  { first = 0, count = linear.rows }: { first?: number; count?: number } = {},
): void {
  const size = factors.reduce((product, factor) => product * factor.size, 1);
  const turn = async (values: Float32Array, width: number): Promise<Float32Array> => {
    const part = values.subarray(first * width, (first + count) * width);
    part.set(await kernels.rotate(part.slice(), count / size, factors, width));
    return values;
  };
  editWeight(draft, linear, (values) => turn(values, linear.cols));
  if (linear.bias) draft.edit(linear.bias.tensor, (values) => turn(values, 1));
}

/** Where the rows of one part lie in the linear that produces it, given each part's rows. */
export function locatePart(
  linears: readonly Linear[],
  part: LinearPart,
  rowsOf: (part: LinearPart) => number,
): { linear: Linear; first: number; count: number } {
  for (const linear of linears) {
    let first = 0;
    for (const each of linear.parts) {
      if (each === part) return { linear, first, count: rowsOf(part) };
      first += rowsOf(each);
    }
  }
  throw new RangeError(`no linear produces the part ${part}`);
}
