import { mkdir, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import { transpose } from './draft/draft.js';
import type { Operators, Site } from './draft/operators.js';
import { checkProducts } from './engine/executed-check.js';
import type { ExecutedLinear } from './engine/executed-check.js';
import { chooseProduct } from './engine/executed-operands.js';
import { placeOperands } from './engine/executed-product.js';
import type { ExecutedProduct } from './engine/executed-product.js';
import type { TensorSource } from './engine/parameters.js';
import type { Device } from './engine/runtime.js';
import type { Execution, ExecutionRecord } from './execution.js';
import type { EncodedWeight } from './formats/format.js';
import { decodeWeight } from './formats/index.js';
import { blockLinears } from './model/decoder.js';
import type { Decoder, Linear, TensorView } from './model/decoder.js';
import { decoderTensors } from './model/read-decoder.js';
import type { ExternalTensor } from './onnx/graph.js';

export interface WeightsRequest {
  decoder: Decoder;
  /** Encoded weights by tensor. */
  encoded: ReadonlyMap<string, () => Promise<EncodedWeight>>;
  operators: Operators;
  execution: Execution;
  kernels: Kernels;
  device: Device;
  /** The file that the engine reads in place is made here. */
  workFolder: string;
}

/** Encoded weights as the engine computes with them. */
export interface SubjectWeights {
  /** Those that were decoded to float32. */
  sources: Map<string, TensorSource>;
  /** Those whose codes are executed. */
  products: Map<string, ExecutedProduct>;
  /** What is left at the sites: a quantizer that its product rounds by is not. */
  operators: Operators;
  record: ExecutionRecord;
  /** Removes the file. */
  release(): Promise<void>;
}

/**
 * Decodes every encoded weight into one file of float32 or, where it is executed, lays its codes out for the operator that
 * reads them. Throws EXECUTION_MISMATCH where such an operator computes wrongly on this machine.
 */
export async function layOutWeights(request: WeightsRequest): Promise<SubjectWeights> {
  const { decoder, encoded, execution, kernels, device } = request;
  const linears = new Map(listLinears(decoder).map((linear) => [linear.weight.tensor, linear]));
  const sources = new Map<string, TensorSource>();
  const executed: ExecutedLinear[] = [];
  const reasons = new Map<string, string>();
  const file = encoded.size > 0 ? await WeightsFile.create(request.workFolder) : undefined;
  try {
    for (const view of decoderTensors(decoder)) {
      const read = encoded.get(view.tensor);
      if (file === undefined || read === undefined) continue;
      const weight = await read();
      const linear = execution === 'simulated' ? undefined : linears.get(view.tensor);
      const sited = linear && (request.operators.get(inputOf(linear)) ?? []);
      const chosen = sited && (await chooseProduct(weight, sited, kernels, execution));
      if (linear && chosen && 'operator' in chosen) {
        executed.push({ linear, product: await placeOperands(chosen, (bytes) => file.add(bytes)), read });
        continue;
      }
      if (chosen && 'reason' in chosen) reasons.set(view.tensor, chosen.reason);
      const bytes = asBytes(await decodeStored(weight, view, kernels));
      sources.set(view.tensor, { dtype: 'F32', shape: view.shape, ...(await file.add(bytes)) });
    }
    await file?.close();
    await checkProducts(executed, kernels, device);
  } catch (error) {
    await file?.remove();
    throw error;
  }
  return {
    sources,
    products: new Map(executed.map(({ linear, product }) => [linear.weight.tensor, product])),
    operators: withoutExecuted(request.operators, executed),
    record: describeExecution([...linears.values()], executed, reasons, execution !== 'simulated' && encoded.size > 0),
    release: async () => file?.remove(),
  };
}

/** All linears that a recipe may encode, and the projections of the embedding. */
function listLinears({ blocks, embedding, outputProjection }: Decoder): Linear[] {
  const projections = [embedding.projection, outputProjection].filter((linear) => linear !== undefined);
  return [...blocks.flatMap(blockLinears), ...projections];
}

function inputOf({ name }: Linear): Site {
  return `${name}.input`;
}

function withoutExecuted(operators: Operators, executed: readonly ExecutedLinear[]): Operators {
  const rest = new Map(operators);
  for (const { linear, product } of executed) {
    if (product.operator !== 'MatMulInteger') continue;
    const before = (operators.get(inputOf(linear)) ?? []).slice(0, -1);
    if (before.length > 0) rest.set(inputOf(linear), before);
    else rest.delete(inputOf(linear));
  }
  return rest;
}

function describeExecution(
  linears: readonly Linear[],
  executed: readonly ExecutedLinear[],
  reasons: ReadonlyMap<string, string>,
  isAsked: boolean,
): ExecutionRecord {
  const count = (operator: ExecutedProduct['operator']): number =>
    executed.filter(({ product }) => product.operator === operator).length;
  const [MatMulNBits, MatMulInteger] = [count('MatMulNBits'), count('MatMulInteger')];
  const done = new Set(executed.map(({ linear }) => linear));
  const byReason = new Map<string, string[]>();
  for (const linear of isAsked ? linears : []) {
    if (done.has(linear)) continue;
    const reason = reasons.get(linear.weight.tensor) ?? 'not encoded';
    byReason.set(reason, [...(byReason.get(reason) ?? []), linear.name]);
  }
  return {
    precision: executed.some(roundsInputs) ? 'executed-int8' : MatMulNBits > 0 ? 'executed' : 'simulated',
    operators: { MatMulNBits, MatMulInteger, Gemm: linears.length - executed.length },
    simulated: [...byReason].map(([reason, layers]) => ({ reason, layers })),
  };
}

function roundsInputs({ product }: ExecutedLinear): boolean {
  return product.operator === 'MatMulInteger' || product.roundsInputs;
}

const alignment = 64;
let files = 0;

/** Arrays one after the other, each at a multiple of 64 bytes. */
class WeightsFile {
  #offset = 0;

  private constructor(
    readonly path: string,
    readonly handle: FileHandle,
  ) {}

  static async create(folder: string): Promise<WeightsFile> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `decoded-${process.pid}-${files++}.bin`);
    return new WeightsFile(path, await open(path, 'w'));
  }

  async add(data: Uint8Array): Promise<ExternalTensor> {
    const gap = (alignment - (data.length % alignment)) % alignment;
    await this.handle.writeFile(data);
    await this.handle.writeFile(new Uint8Array(gap));
    const offset = this.#offset;
    this.#offset += data.length + gap;
    return { file: this.path, offset, bytes: data.length };
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  async remove(): Promise<void> {
    await this.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

async function decodeStored(encoded: EncodedWeight, view: TensorView, kernels: Kernels): Promise<Float32Array> {
  const values = await decodeWeight(encoded, kernels);
  return view.transposed ? transpose(values, encoded.rows, encoded.cols) : values;
}

function asBytes({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
