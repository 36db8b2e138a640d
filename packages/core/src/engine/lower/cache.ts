import type { CacheQuantize, CacheSide } from '../../draft/operators.js';
import type { Value } from '../../onnx/graph.js';
import { queryIndex, safeStep, sequenceIndex, share } from './scope.js';
import type { Scope } from './scope.js';

/** bool `[sequence, keys]`: which keys, and which values, query i reads rounded. */
export function cacheMasks(scope: Scope, { window }: CacheQuantize): { keys: Value; values: Value } {
  const { graph } = scope;
  const index = sequenceIndex(scope);
  const query = graph.node('Unsqueeze', [queryIndex(scope), graph.ints([1])]);
  const size = graph.ints([window]);
  return {
    keys: share(scope, `cached keys ${window}`, () =>
      graph.node('Less', [index, graph.node('Sub', [query, graph.node('Mod', [query, size])])]),
    ),
    values: share(scope, `cached values ${window}`, () =>
      graph.node('Greater', [graph.node('Sub', [query, index]), size]),
    ),
  };
}

/** `x` is `[batch, sequence, heads, headDim]`; the result has its shape, every token rounded. */
export function roundCache(scope: Scope, { bits, axis, groupSize }: CacheSide, x: Value, width: number): Value {
  const { graph } = scope;
  const shape = graph.node('Shape', [x]);
  if (axis === 'token') {
    const groups = graph.node('Reshape', [x, graph.ints([-1, groupSize])]);
    return graph.node('Reshape', [roundGroups(scope, bits, groups, 1), shape]);
  }
  // Zeros fill up the last group, which no query reads rounded: it ends beyond the last whole window.
  const length = graph.node('Slice', [shape, graph.ints([1]), graph.ints([2])]);
  const size = graph.ints([groupSize]);
  const missing = graph.node('Mod', [graph.node('Sub', [size, graph.node('Mod', [length, size])]), size]);
  const pads = graph.node('Concat', [graph.ints([0, 0, 0, 0, 0]), missing, graph.ints([0, 0])], { axis: 0 });
  const padded = graph.node('Pad', [x, pads]);
  const batch = graph.node('Slice', [shape, graph.ints([0]), graph.ints([1])]);
  const grouped = graph.node('Concat', [batch, graph.ints([-1, groupSize, width])], { axis: 0 });
  const rounded = roundGroups(scope, bits, graph.node('Reshape', [padded, grouped]), 2);
  const flat = graph.node('Reshape', [rounded, graph.node('Shape', [padded])]);
  return graph.node('Slice', [flat, graph.ints([0]), length, graph.ints([1])]);
}

function roundGroups({ graph }: Scope, bits: number, x: Value, axis: number): Value {
  const axes = graph.ints([axis]);
  const low = graph.node('ReduceMin', [x, axes], { keepdims: 1 });
  const width = graph.node('Sub', [graph.node('ReduceMax', [x, axes], { keepdims: 1 }), low]);
  const step = safeStep(graph, graph.node('Div', [width, graph.scalar(2 ** bits - 1)]));
  const place = graph.node('Div', [graph.node('Sub', [x, low]), step]);
  const codes = graph.node('Round', [graph.node('Clip', [place, graph.scalar(0), graph.scalar(2 ** bits - 1)])]);
  return graph.node('Add', [graph.node('Mul', [codes, step]), low]);
}
