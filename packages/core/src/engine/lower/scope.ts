import type { Operators } from '../../draft/operators.js';
import type { Graph, Value } from '../../onnx/graph.js';
import type { Parameters } from '../parameters.js';

/** How attention is emitted: onnxruntime's fused operator where it can, or plain matrix products for every case. */
export type AttentionLowering = 'auto' | 'general';

/** What a lowering needs beside the value that flows through. Activations are `[tokens, width]`, tokens = batch x sequence. */
export interface Scope {
  graph: Graph;
  parameters: Parameters;
  operators: Operators;
  lowering: AttentionLowering;
  /** int64 `[batch, sequence]`. */
  positions: Value;
  /** Packed trees, whose tokens come in one sequence; undefined: plain causal sequences. */
  rows?: Rows | undefined;
  /** Decoding: where the keys and values of the tokens before lie; undefined: sequences are whole. */
  past?: Past | undefined;
  /** Parts that the attention of a long sequence is cut into; undefined: it is computed at once. */
  parts?: number | undefined;
  /** Highest position + 1 that the graph can meet. */
  maxLength: number;
  /**
   * Called with a linear's name and its input, with `<name>.output` and its output, with each site of the attention and its
   * value, all behind their operators: calibration reads them.
   */
  observe?: ((what: string, value: Value) => void) | undefined;
  /** Values that several blocks use (masks, rotary tables, shapes), by a name of their own. */
  shared: Map<string, Value>;
  /** Constants made of operators' arrays. */
  arrays: Map<Float32Array | Int32Array, Value>;
}

/**
 * Groups of trees that do not see each other, padded to one length for attention alone. All int64: `slots`, the token at each
 * place, `[rows, length]`; `ends`, where its subtree ends in the row (0 at padding), `[rows, keys]`, those before this run first; `places`, `[tokens]`, the place of
 * each token in the rows laid end to end.
 */
export interface Rows {
  slots: Value;
  ends: Value;
  places: Value;
}

/** Keys and values of the tokens before those of this run. */
export interface Past {
  /** int64 `[batch]`: tokens of each row, those of this run among them; packed trees continue in one row. */
  lengths: Value;
  /** For the fused operator `[batch, kvHeads, room, headDim]`; else `[1, past, kvHeads, headDim]`. */
  read(block: number): { key: Value; value: Value };
  /** Of this run, `[batch, sequence, kvHeads, headDim]`, to be kept. */
  write(block: number, key: Value, value: Value): void;
}

/** The value of this name, emitted at its first use. */
export function share(scope: Scope, name: string, emit: () => Value): Value {
  let value = scope.shared.get(name);
  if (value === undefined) {
    value = emit();
    scope.shared.set(name, value);
  }
  return value;
}

/** int64 `[2]`: batch and sequence of this run. */
export function batchShape(scope: Scope): Value {
  return share(scope, 'batchShape', () => scope.graph.node('Shape', [scope.positions]));
}

/** int64 `[2]`: rows that attention goes over, and their length. */
export function rowShape(scope: Scope): Value {
  const { graph, rows } = scope;
  return rows ? share(scope, 'rowShape', () => graph.node('Shape', [rows.slots])) : batchShape(scope);
}

/** `[tokens, width]` to `[rows, length, width]`. */
export function toRows(scope: Scope, x: Value, width: number): Value {
  const { graph, rows } = scope;
  return rows ? graph.node('Gather', [mergeBatch(scope, x, width), rows.slots]) : splitBatch(scope, x, [width]);
}

/** Back to `[tokens, width]`. */
export function fromRows(scope: Scope, x: Value, width: number): Value {
  const merged = mergeBatch(scope, x, width);
  return scope.rows ? scope.graph.node('Gather', [merged, scope.rows.places]) : merged;
}

/** int64 `[keys]`: 0, 1, ... for every token of a row that is there, with those before this run. */
export function sequenceIndex(scope: Scope): Value {
  const { graph, past } = scope;
  return share(scope, 'index', () => {
    const length = past
      ? graph.node('Squeeze', [past.lengths])
      : graph.node('Gather', [rowShape(scope), graph.ints([1], [])]);
    return graph.node('Range', [graph.ints([0], []), length, graph.ints([1], [])]);
  });
}

/** int64 `[length]`: of the tokens of this run, which come last in their row. */
export function queryIndex(scope: Scope): Value {
  const { graph, past } = scope;
  if (!past) return sequenceIndex(scope);
  return share(scope, 'queryIndex', () => {
    const length = graph.node('Gather', [rowShape(scope), graph.ints([1])]);
    return graph.node('Slice', [
      sequenceIndex(scope),
      graph.node('Neg', [length]),
      graph.ints([Number.MAX_SAFE_INTEGER]),
    ]);
  });
}

/** `[tokens, width]` seen as `[batch, sequence, ...inner]`. */
export function splitBatch(scope: Scope, x: Value, inner: number[]): Value {
  const { graph } = scope;
  const shape = share(scope, `batchShape ${inner.join(' ')}`, () =>
    graph.node('Concat', [batchShape(scope), graph.ints(inner)], { axis: 0 }),
  );
  return graph.node('Reshape', [x, shape]);
}

/** Back to `[tokens, width]`. */
export function mergeBatch(scope: Scope, x: Value, width: number): Value {
  return scope.graph.node('Reshape', [x, scope.graph.ints([-1, width])]);
}

/** A constant for this array; blocks that share an array share the constant. */
export function arrayOf({ graph, arrays }: Scope, data: Float32Array | Int32Array, shape = [data.length]): Value {
  let value = arrays.get(data);
  if (value === undefined) {
    value = graph.constant(`array.${arrays.size}`, data instanceof Int32Array ? 'int32' : 'float32', shape, data);
    arrays.set(data, value);
  }
  return value;
}

/** A row without width has step 0: dividing by 1 instead keeps it. */
export function safeStep(graph: Graph, step: Value): Value {
  return graph.node('Where', [graph.node('Equal', [step, graph.scalar(0)]), graph.scalar(1), step]);
}
