import type { Kernels } from '@lowbit/kernels';
import { PythonRandom } from '../calibration/python-random.js';
import { LowbitError } from '../errors.js';
import type { EncodedWeight } from '../formats/format.js';
import { decodeWeight } from '../formats/index.js';
import type { Linear } from '../model/decoder.js';
import { Graph } from '../onnx/graph.js';
import type { Value } from '../onnx/graph.js';
import { lowerProduct, quantizeTokens } from './executed-product.js';
import type { ExecutedProduct, IntegerProduct } from './executed-product.js';
import { openSession } from './runtime.js';
import type { Device } from './runtime.js';

/**
 * Largest ||y' - y|| / ||y|| against the float product. Both sides round activations to the same codes, so that only the
 * order of float32 sums differs: some 1e-6 measured. Saturated integer products are wrong by 0.1, a wrong scale by more.
 */
const tolerance = 1e-4;
/** Where the operator rounds activations to int8 itself: 127 steps to each side come to 0.4 % (measured 0.42). */
const roundedTolerance = 0.02;

/** One token and several: onnxruntime has kernels of their own for each. */
const tokenCounts = [1, 16];

/** A linear with its product and how its stored weight is read. */
export interface ExecutedLinear {
  linear: Linear;
  product: ExecutedProduct;
  read: () => Promise<EncodedWeight>;
}

/**
 * Compares one linear of each kind (operator, bits, blocks, shape) with the float product of its decoded weight on fixed
 * random inputs. Throws EXECUTION_MISMATCH.
 */
export async function checkProducts(
  executed: readonly ExecutedLinear[],
  kernels: Kernels,
  device: Device,
): Promise<void> {
  // The first of each kind is the one that stays.
  const kinds = new Map(executed.toReversed().map((each) => [describeKind(each), each]));
  for (const [kind, { linear, product, read }] of kinds) {
    const difference = await compare(linear, product, await decodeWeight(await read(), kernels), device);
    const limit = product.operator === 'MatMulNBits' && product.roundsInputs ? roundedTolerance : tolerance;
    if (!(difference <= limit))
      throw new LowbitError(
        'EXECUTION_MISMATCH',
        `Expected ${kind} to agree with the float product of ${linear.name} within ${limit}, got a relative difference of ${difference.toPrecision(2)}; score with --execution simulated on this machine.`,
      );
  }
}

function describeKind({ linear: { rows, cols }, product }: ExecutedLinear): string {
  const shape = `${rows}x${cols}`;
  if (product.operator === 'MatMulInteger') return `MatMulInteger (${product.quantizer.bits}-bit inputs, ${shape})`;
  const { zeroPoints, order } = product.operands;
  const more = `${zeroPoints ? ', zero points' : ''}${order ? ', ordered' : ''}${product.roundsInputs ? ', int8 inputs' : ''}`;
  return `MatMulNBits (${product.bits} bits, blocks of ${product.block}${more}, ${shape})`;
}

/** ||executed - float|| / ||float||, the larger of those for one token and for several. */
async function compare(
  linear: Linear,
  product: ExecutedProduct,
  weight: Float32Array,
  device: Device,
): Promise<number> {
  const { rows, cols } = linear;
  const graph = new Graph('check');
  const x = graph.input('x', 'float32', ['tokens', cols]);
  const fed = graph.input('weight', 'float32', [rows, cols]);
  const rounded = product.operator === 'MatMulInteger' ? dequantized(graph, product, x) : x;
  graph.output(lowerProduct(graph, linear, product, x), 'executed', 'float32', ['tokens', rows]);
  graph.output(graph.node('Gemm', [rounded, fed], { transB: 1 }), 'float', 'float32', ['tokens', rows]);
  const session = await openSession(graph.encode(), device);
  try {
    const differences: number[] = [];
    for (const tokens of tokenCounts) {
      const inputs = { data: uniformNumbers(tokens * cols), dims: [tokens, cols] };
      const result = await session.run({ x: inputs, weight: { data: weight, dims: [rows, cols] } });
      differences.push(
        relativeDifference(result['executed']?.data as Float32Array, result['float']?.data as Float32Array),
      );
    }
    return Math.max(...differences);
  } finally {
    await session.release();
  }
}

function dequantized(graph: Graph, { quantizer }: IntegerProduct, x: Value): Value {
  const { codes, step } = quantizeTokens(graph, quantizer, x);
  const centred = graph.node('Sub', [graph.node('Cast', [codes], { to: 1 }), graph.scalar(128)]);
  return graph.node('Mul', [centred, step]);
}

/** From -1 to 1, the same on every machine. */
export function uniformNumbers(count: number): Float32Array {
  const random = new PythonRandom(0);
  return Float32Array.from({ length: count }, () => 2 * random.random() - 1);
}

/** ||a - b|| / ||b||; not a number where either is not finite. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += ((a[i] as number) - (b[i] as number)) ** 2;
    norm += (b[i] as number) ** 2;
  }
  return error === 0 ? 0 : Math.sqrt(error / norm);
}
