import type { GridSpec, Kernels } from '@lowbit/kernels';
import type { Quantize } from '../draft/operators.js';
import { encodeAffine } from '../formats/affine.js';
import type { Linear } from '../model/decoder.js';
import { Graph } from '../onnx/graph.js';
import { relativeDifference, uniformNumbers } from './executed-check.js';
import { chooseProduct } from './executed-operands.js';
import { lowerProduct } from './executed-product.js';
import type { ExecutedProduct } from './executed-product.js';
import { openSession } from './runtime.js';
import type { Device, Session } from './runtime.js';

/** Milliseconds of one product by one operator. */
export interface ProductSpeed {
  operator: 'Gemm' | ExecutedProduct['operator'];
  /** Of the stored weight; 32 for Gemm. */
  bits: number;
  /** How they enter the product. */
  activations: 'float32' | 'int8';
  /** Many tokens at once, and one. Medians. */
  prefill: number;
  decode: number;
  /** How many times as fast as Gemm. */
  prefillRatio: number;
  decodeRatio: number;
}

export interface SpeedRequest {
  /** Of a square layer. */
  width: number;
  /** Of the prefill. */
  tokens: number;
  /** Timed runs of each operator, alternating. */
  rounds: number;
  /** Widths of codes for MatMulNBits. */
  nBits: readonly number[];
  kernels: Kernels;
  device: Device;
}

const perToken: Quantize = { kind: 'quantize', bits: 8, symmetric: true, granularity: 'token', clipRatio: 1 };

/** A round's. */
const decodedTokens = 5;

const grouped = { granularity: 'group', groupSize: 64 } as const;

/** Times one layer in float32 and by each operator that executes codes, on random weights and inputs. */
export async function measureProducts(request: SpeedRequest): Promise<ProductSpeed[]> {
  const { width, tokens, rounds, nBits, kernels, device } = request;
  const weight = { data: uniformNumbers(width * width), rows: width, cols: width };
  const open = (product?: ExecutedProduct): Promise<Session> =>
    openSession(layerGraph(width, product ?? weight.data), device);
  const measured: (Pick<ProductSpeed, 'operator' | 'bits' | 'activations'> & {
    session: Session;
    times: [number[], number[]];
  })[] = [{ operator: 'Gemm', bits: 32, activations: 'float32', session: await open(), times: [[], []] }];
  const kinds = (['executed', 'executed-int8'] as const).flatMap((execution) =>
    nBits.map((bits) => ({ bits, execution })),
  );
  // MatMulInteger has a scale a row and inputs rounded per token, MatMulNBits groups.
  for (const { bits, execution } of [{ bits: undefined, execution: 'executed' } as const, ...kinds]) {
    const grid = { name: 'gptq', symmetric: true, bits: bits ?? 8 } as const;
    const spec: GridSpec = { grid, ...(bits ? grouped : { granularity: 'channel', groupSize: width }) };
    const encoded = { rows: width, cols: width, parts: [await encodeAffine(weight, spec, kernels)] };
    const product = (await chooseProduct(encoded, bits ? [] : [perToken], kernels, execution)) as ExecutedProduct;
    const isFloat = product.operator === 'MatMulNBits' && !product.roundsInputs;
    measured.push({
      ...{ operator: product.operator, bits: grid.bits, activations: isFloat ? 'float32' : 'int8' },
      session: await open(product),
      times: [[], []],
    });
  }
  const inputs = uniformNumbers(tokens * width);
  // The first run of each allocates. Tokens are decoded one after the other; the first follows another operator's weight.
  for (let round = 0; round <= rounds; round++)
    for (const { session, times } of measured)
      for (const [i, count] of [tokens, ...new Array<number>(decodedTokens).fill(1)].entries()) {
        const begin = performance.now();
        await session.run({ x: { data: inputs.subarray(0, count * width), dims: [count, width] } });
        if (round > 0 && i !== 1) times[i === 0 ? 0 : 1].push(performance.now() - begin);
      }
  for (const { session } of measured) await session.release();
  const medians = measured.map(({ times }) => times.map(median) as [number, number]);
  const [gemmPrefill, gemmDecode] = medians[0] as [number, number];
  return measured.map(({ operator, bits, activations }, i) => {
    const [prefill, decode] = medians[i] as [number, number];
    return {
      operator,
      bits,
      activations,
      prefill,
      decode,
      prefillRatio: gemmPrefill / prefill,
      decodeRatio: gemmDecode / decode,
    };
  });
}

function layerGraph(width: number, product: ExecutedProduct | Float32Array): Uint8Array {
  const graph = new Graph('layer');
  const x = graph.input('x', 'float32', ['tokens', width]);
  const view = { tensor: 'weight', shape: [width, width] };
  const linear: Linear = { name: 'layer', role: 'o', rows: width, cols: width, weight: view, parts: ['output'] };
  const y =
    product instanceof Float32Array
      ? graph.node('Gemm', [x, graph.constant('weight', 'float32', [width, width], product)], { transB: 1 })
      : lowerProduct(graph, linear, product, x);
  graph.output(y, 'y', 'float32', ['tokens', width]);
  return graph.encode();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** Relative errors of sums that should be exact. */
export interface IntegerErrors {
  unsignedWeights: number;
  signedWeights: number;
}

/**
 * MatMulInteger of uint8 inputs with uint8 and with int8 weights against exact sums. On processors without VNNI the latter
 * adds pairs of products in 16 bits, which saturate.
 */
export async function measureIntegerErrors(device: Device): Promise<IntegerErrors> {
  const [tokens, cols, rows] = [16, 512, 64];
  const codes = (count: number): Uint8Array => Uint8Array.from(uniformNumbers(count), (x) => Math.floor((x + 1) * 128));
  const [inputs, weights] = [codes(tokens * cols), codes(cols * rows)];
  const exact = new Float32Array(tokens * rows);
  for (let token = 0; token < tokens; token++)
    for (let col = 0; col < cols; col++)
      for (let row = 0; row < rows; row++) {
        const at = token * rows + row;
        const term = ((inputs[token * cols + col] as number) - 128) * ((weights[col * rows + row] as number) - 128);
        exact[at] = (exact[at] as number) + term;
      }
  const graph = new Graph('integers');
  const x = graph.node('Cast', [graph.input('x', 'float32', ['tokens', cols])], { to: 2 });
  const middle = graph.constant('u8:128', 'uint8', [], Uint8Array.of(128));
  const unsigned = graph.constant('unsigned', 'uint8', [cols, rows], weights);
  const signed = graph.constant(
    'signed',
    'int8',
    [cols, rows],
    Int8Array.from(weights, (code) => code - 128),
  );
  const none = graph.constant('i8:0', 'int8', [], Int8Array.of(0));
  const add = (name: string, weight: string, zeroPoint: string): void => {
    const sums = graph.node('MatMulInteger', [x, weight, middle, zeroPoint]);
    graph.output(graph.node('Cast', [sums], { to: 1 }), name, 'float32', ['tokens', rows]);
  };
  add('u8u8', unsigned, middle);
  add('u8s8', signed, none);
  const session = await openSession(graph.encode(), device);
  const result = await session.run({ x: { data: Float32Array.from(inputs), dims: [tokens, cols] } });
  await session.release();
  const error = (name: string): number => relativeDifference(result[name]?.data as Float32Array, exact);
  return { unsignedWeights: error('u8u8'), signedWeights: error('u8s8') };
}
