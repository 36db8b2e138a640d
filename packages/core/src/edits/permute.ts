import type { ModelDraft } from '../method.js';
import type { Block, Linear } from '../model/decoder.js';
import { asWeight, editWeight, locatePart } from './linear.js';
import type { WeightShape } from './linear.js';
import { streamWriters } from './residual.js';
import { addTransform, requirePlainInputs, requirePlainOutputs } from './sites.js';

/**
 * Gathers a linear's input in the forward pass, column j from column `order[j]`, and its weight's columns with it: what
 * groups of neighbouring columns then hold is the caller's choice (RPTQ, arXiv:2304.01089; Atom, arXiv:2310.19102). Exact.
 */
export function permuteInput(draft: ModelDraft, linear: Linear, order: Int32Array): void {
  checkOrder(order, linear.cols);
  addTransform(draft, `${linear.name}.input`, { kind: 'permute', order });
  permuteCols(draft, linear, order);
}

/** Permutes the channels between {gate, up} and {down}: rows with columns, nothing in the forward pass. Exact. */
export function permuteInner(draft: ModelDraft, { mlp }: Block, order: Int32Array): void {
  checkOrder(order, mlp.down.cols);
  requirePlainInputs(draft, [mlp.down]);
  requirePlainOutputs(draft, mlp.inputs);
  const inner = (): number => mlp.down.cols;
  for (const part of mlp.inputs.flatMap(({ parts }) => parts)) {
    const { linear, first } = locatePart(mlp.inputs, part, inner);
    permuteRows(draft, linear, order, first);
  }
  permuteCols(draft, mlp.down, order);
}

/**
 * Permutes the channels of the residual stream, the gains and biases of the norms on it with them, nothing in the forward
 * pass. Exact for RMSNorm and LayerNorm, before or after the addition: neither knows an order of channels.
 */
export function permuteResidual(draft: ModelDraft, order: Int32Array): void {
  const { hiddenSize, embedding, blocks, finalNorm, outputProjection, head } = draft.decoder;
  checkOrder(order, hiddenSize);
  const { tables, writers } = streamWriters(draft.decoder);
  const linears = blocks.flatMap(({ attention, mlp }) => [...attention.inputs, ...mlp.inputs]);
  if (outputProjection) linears.push(outputProjection);
  requirePlainInputs(draft, linears);
  requirePlainOutputs(draft, writers);
  // A tied head shares the table, whose columns move once.
  const headWeight = outputProjection || head.tied ? [] : [asWeight(head.weight)];
  for (const each of [...tables, ...linears, ...headWeight]) permuteCols(draft, each, order);
  for (const writer of writers) permuteRows(draft, writer, order);
  for (const norm of [embedding.norm, ...blocks.flatMap((b) => [b.attentionNorm, b.mlpNorm]), finalNorm])
    for (const view of [norm?.weight, norm?.bias])
      if (view) draft.edit(view.tensor, (values) => gatherRows(values, 1, order, 0));
}

/** Column j becomes what was column `order[j]`. */
function permuteCols(draft: ModelDraft, weight: WeightShape, order: Int32Array): void {
  const { cols } = weight;
  editWeight(draft, weight, (values) =>
    values.map((_, i) => values[i - (i % cols) + (order[i % cols] as number)] as number),
  );
}

/** Row `first + i` becomes what was row `first + order[i]`, and the bias with it. */
function permuteRows(draft: ModelDraft, linear: Linear, order: Int32Array, first = 0): void {
  editWeight(draft, linear, (values) => gatherRows(values, linear.cols, order, first));
  if (linear.bias) draft.edit(linear.bias.tensor, (values) => gatherRows(values, 1, order, first));
}

function gatherRows(values: Float32Array, width: number, order: Int32Array, first: number): Float32Array {
  const result = values.slice();
  for (const [i, from] of order.entries())
    result.set(values.subarray((first + from) * width, (first + from + 1) * width), (first + i) * width);
  return result;
}

function checkOrder(order: Int32Array, size: number): void {
  const seen = new Set(order);
  if (order.length !== size || seen.size !== size || order.some((from) => from < 0 || from >= size))
    throw new RangeError(
      `Expected an order of all ${size} channels, each once; got ${order.length} with ${seen.size} different ones.`,
    );
}
