import { StoredParameters } from '../../engine/parameters.js';
import type { Parameters, TensorSource } from '../../engine/parameters.js';
import type { Linear, TensorView } from '../../model/decoder.js';
import { contrib } from '../../onnx/graph.js';
import type { Graph, Value } from '../../onnx/graph.js';
import type { LayerGrid } from '../layer-grid.js';
import type { DataEntry } from './data-file.js';

const leastBlock = 16;
/** onnxruntime's products have kernels for blocks up to this. */
const mostBlock = 256;

/** Columns of a block of MatMulNBits: the largest power of two that divides a group; undefined below 16. */
export function blockOf({ groupSize }: LayerGrid): number | undefined {
  let block = mostBlock;
  while (groupSize % block !== 0) block /= 2;
  return block < leastBlock ? undefined : block;
}

/** One value a block from one a group: `[rows, groups]` to `[rows, cols / block]`. */
export function repeatGroups<T extends Float32Array | Uint8Array>(
  values: T,
  { rows, cols, groups, groupSize }: LayerGrid,
  block: number,
): T {
  const blocks = cols / block;
  const result = values.constructor === Float32Array ? new Float32Array(rows * blocks) : new Uint8Array(rows * blocks);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < blocks; i++)
      result[row * blocks + i] = values[row * groups + Math.floor((i * block) / groupSize)] as number;
  return result as T;
}

/** Where the operands of one product lie. */
export interface NBitsEntry {
  bits: number;
  block: number;
  codes: DataEntry;
  scales: DataEntry;
  zeroPoints: DataEntry | undefined;
}

/** Parameters of an exported graph: encoded linears by `MatMulNBits`, everything else as stored. */
export class NBitsParameters implements Parameters {
  /** So that linears are emitted one by one. */
  readonly constant = false;
  readonly #stored: StoredParameters;

  constructor(
    sources: ReadonlyMap<string, TensorSource>,
    readonly entries: ReadonlyMap<string, NBitsEntry>,
  ) {
    this.#stored = new StoredParameters(sources);
  }

  value(graph: Graph, view: TensorView): Value {
    return this.#stored.value(graph, view);
  }

  rows(graph: Graph, view: TensorView, ids: Value): Value {
    return this.#stored.rows(graph, view, ids);
  }

  /** `B` uint8 `[rows, blocks, block * bits / 8]`, `scales` float32, `zero_points` uint8; absent: 2^(bits - 1). */
  multiply(graph: Graph, { name, rows, cols, weight }: Linear, x: Value): Value | undefined {
    const entry = this.entries.get(weight.tensor);
    if (entry === undefined) return undefined;
    const { bits, block, codes, scales, zeroPoints } = entry;
    const blocks = cols / block;
    const operands = [
      x,
      graph.external(`${name}.codes`, 'uint8', [rows, blocks, (block * bits) / 8], codes),
      graph.external(`${name}.scales`, 'float32', [rows * blocks], scales),
    ];
    if (zeroPoints)
      operands.push(graph.external(`${name}.zeroPoints`, 'uint8', [rows * Math.ceil((blocks * bits) / 8)], zeroPoints));
    return graph.node('MatMulNBits', operands, { K: cols, N: rows, bits, block_size: block }, contrib);
  }
}
