import type { Linear, TensorView } from '../model/decoder.js';
import type { ElementType } from '../onnx/schema.js';
import type { Graph, Value } from '../onnx/graph.js';
import type { ExecutedProduct } from './executed-product.js';

/** Where a graph takes its parameters from. The value is float32 and has the view's shape. */
export interface Parameters {
  /** Constants can be joined and folded by the runtime at load; fed parameters cannot. */
  readonly constant: boolean;
  value(graph: Graph, view: TensorView): Value;
  /** Rows `ids` of a table, float32; widening happens after the look-up, so that the table stays as stored. */
  rows(graph: Graph, view: TensorView, ids: Value): Value;
  /** How x Wt is computed from encoded weights, where this linear is executed so. */
  product?(linear: Linear): ExecutedProduct | undefined;
}

/** Bytes of one float tensor in a file. */
export interface TensorSource {
  dtype: 'F32' | 'F16' | 'BF16';
  shape: number[];
  file: string;
  offset: number;
  bytes: number;
}

const elementOf: Record<TensorSource['dtype'], ElementType> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };
const castToFloat = { to: 1 };

/** Parameters that lie in files and are read in place (ONNX external data); half formats are widened by a Cast that onnxruntime folds at load. */
export class StoredParameters implements Parameters {
  readonly constant = true;
  readonly #cast = new Map<string, Value>();

  /** `products`, by weight: linears whose float weight is not there. `prefix` sets two models in one graph apart. */
  constructor(
    readonly sources: ReadonlyMap<string, TensorSource>,
    readonly products: ReadonlyMap<string, ExecutedProduct> = new Map(),
    readonly prefix = '',
  ) {}

  product({ weight }: Linear): ExecutedProduct | undefined {
    return this.products.get(weight.tensor);
  }

  value(graph: Graph, view: TensorView): Value {
    const source = this.#source(view);
    const stored = this.#external(graph, view, source);
    if (source.dtype === 'F32') return stored;
    let value = this.#cast.get(view.tensor);
    if (value === undefined) {
      value = graph.node('Cast', [stored], castToFloat);
      this.#cast.set(view.tensor, value);
    }
    return value;
  }

  rows(graph: Graph, view: TensorView, ids: Value): Value {
    const source = this.#source(view);
    const rows = graph.node('Gather', [this.#external(graph, view, source), ids]);
    return source.dtype === 'F32' ? rows : graph.node('Cast', [rows], castToFloat);
  }

  #source(view: TensorView): TensorSource {
    const source = this.sources.get(view.tensor);
    if (source === undefined) throw new Error(`no source for tensor ${view.tensor}`);
    return source;
  }

  #external(graph: Graph, view: TensorView, source: TensorSource): Value {
    return graph.external(`${this.prefix}${view.tensor}`, elementOf[source.dtype], source.shape, source);
  }
}

/** Parameters that are fed at each run, so that one session serves all blocks of one shape. */
export class FedParameters implements Parameters {
  readonly constant = false;
  /** Names of the inputs that the graph really has. */
  readonly used = new Set<string>();

  /** `names`: input name by tensor name. */
  constructor(readonly names: ReadonlyMap<string, string>) {}

  value(graph: Graph, view: TensorView): Value {
    const name = this.names.get(view.tensor) ?? view.tensor;
    if (!this.used.has(name)) {
      this.used.add(name);
      graph.input(name, 'float32', view.shape);
    }
    return name;
  }

  rows(graph: Graph, view: TensorView, ids: Value): Value {
    return graph.node('Gather', [this.value(graph, view), ids]);
  }
}
