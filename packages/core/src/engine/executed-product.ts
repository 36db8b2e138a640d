import type { Quantize } from '../draft/operators.js';
import type { Linear } from '../model/decoder.js';
import { contrib } from '../onnx/graph.js';
import type { ExternalTensor, Graph, Value } from '../onnx/graph.js';
import type { ElementType } from '../onnx/schema.js';
import { safeStep } from './lower/scope.js';

/** An operand as an operator wants it; its bytes are at hand or lie in a file. */
export interface Operand {
  type: ElementType;
  dims: number[];
  data: Uint8Array | ExternalTensor;
}

/** x Wt of one linear by an operator of onnxruntime that reads the codes of W. */
export type ExecutedProduct = NBitsProduct | IntegerProduct;

/**
 * Float activations, codes of 4 or 8 bits in blocks of columns. `codes` uint8 `[rows, blocks, block * bits / 8]`, `scales`
 * float32 `[rows * blocks]`, `zeroPoints` packed as the codes (absent: 2^(bits - 1)); `order` int32 `[cols]`: the column of
 * x at each place.
 */
export interface NBitsProduct {
  operator: 'MatMulNBits';
  bits: 4 | 8;
  block: number;
  /** Whether activations are rounded to int8 in each block. */
  roundsInputs: boolean;
  operands: { codes: Operand; scales: Operand; zeroPoints?: Operand; order?: Operand };
}

/**
 * Activations rounded by `quantizer` enter as integers. `codes` uint8 `[cols, rows]` with zero point 128, `scales` float32
 * `[rows]`. Never int8 weights: onnxruntime's products of uint8 and int8 saturate without a word on processors without VNNI.
 */
export interface IntegerProduct {
  operator: 'MatMulInteger';
  quantizer: Quantize;
  operands: { codes: Operand; scales: Operand };
}

/** accuracy_level: 1 keeps activations in float32, 4 rounds them to int8 in each block. */
const [floatLevel, int8Level] = [1, 4];

/** `x` is `[tokens, cols]`, the result `[tokens, rows]`. */
export function lowerProduct(graph: Graph, linear: Linear, product: ExecutedProduct, x: Value): Value {
  return product.operator === 'MatMulNBits'
    ? lowerNBits(graph, linear, product, x)
    : lowerInteger(graph, linear, product, x);
}

/** The product with its operands put where `place` says. */
export async function placeOperands<P extends ExecutedProduct>(
  product: P,
  place: (bytes: Uint8Array) => Promise<ExternalTensor>,
): Promise<P> {
  const placed: Record<string, Operand> = {};
  for (const [key, operand] of Object.entries(product.operands) as [string, Operand][])
    placed[key] = operand.data instanceof Uint8Array ? { ...operand, data: await place(operand.data) } : operand;
  return { ...product, operands: placed };
}

function lowerNBits(
  graph: Graph,
  linear: Linear,
  { bits, block, roundsInputs, operands }: NBitsProduct,
  x: Value,
): Value {
  const { rows, cols } = linear;
  const { codes, scales, zeroPoints, order } = operands;
  const inputs = [
    order ? graph.node('Gather', [x, emit(graph, linear, 'order', order)], { axis: 1 }) : x,
    emit(graph, linear, 'codes', codes),
    emit(graph, linear, 'scales', scales),
    ...(zeroPoints ? [emit(graph, linear, 'zeroPoints', zeroPoints)] : []),
  ];
  const level = roundsInputs ? int8Level : floatLevel;
  const attributes = { K: cols, N: rows, bits, block_size: block, accuracy_level: level };
  return graph.node('MatMulNBits', inputs, attributes, contrib);
}

function lowerInteger(graph: Graph, linear: Linear, { quantizer, operands }: IntegerProduct, x: Value): Value {
  const { codes, step } = quantizeTokens(graph, quantizer, x);
  const middle = graph.constant('u8:128', 'uint8', [], Uint8Array.of(128));
  const sums = graph.node('MatMulInteger', [codes, emit(graph, linear, 'codes', operands.codes), middle, middle]);
  const scaled = graph.node('Mul', [
    graph.node('Cast', [sums], { to: 1 }),
    emit(graph, linear, 'scales', operands.scales),
  ]);
  return graph.node('Mul', [scaled, step]);
}

/** The codes of the simulated quantizer, bit for bit, moved by 128 into uint8, and each token's step `[tokens, 1]`. */
export function quantizeTokens(graph: Graph, { bits, clipRatio }: Quantize, x: Value): { codes: Value; step: Value } {
  const top = 2 ** (bits - 1) - 1;
  const absMax = graph.node('ReduceMax', [graph.node('Abs', [x]), graph.ints([-1])], { keepdims: 1 });
  const kept = clipRatio === 1 ? absMax : graph.node('Mul', [absMax, graph.scalar(clipRatio)]);
  const step = safeStep(graph, graph.node('Div', [kept, graph.scalar(top)]));
  const rounded = graph.node('Round', [graph.node('Div', [x, step])]);
  const clipped = graph.node('Clip', [rounded, graph.scalar(-top - 1), graph.scalar(top)]);
  return { codes: graph.node('Cast', [graph.node('Add', [clipped, graph.scalar(128)])], { to: 2 }), step };
}

function emit(graph: Graph, { name }: Linear, key: string, { type, dims, data }: Operand): Value {
  return data instanceof Uint8Array
    ? graph.constant(`${name}.${key}`, type, dims, data)
    : graph.external(`${name}.${key}`, type, dims, data);
}
