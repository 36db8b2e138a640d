import type { Operator, Rotate, Site } from '../../draft/operators.js';
import type { Value } from '../../onnx/graph.js';
import { lowerCodebook } from './codebook.js';
import { lowerQuantize } from './quantize.js';
import { arrayOf, share } from './scope.js';
import type { Scope } from './scope.js';

type Lowering<O extends Operator> = (scope: Scope, operator: O, x: Value) => Value;

/** One row an operator kind. `x` is `[..., width]`. */
const lowerings: { [K in Operator['kind']]: Lowering<Extract<Operator, { kind: K }>> } = {
  scale: (scope, { factors }, x) => scope.graph.node('Mul', [x, arrayOf(scope, factors)]),
  shift: (scope, { offsets }, x) => scope.graph.node('Add', [x, arrayOf(scope, offsets)]),
  permute: (scope, { order }, x) => scope.graph.node('Gather', [x, arrayOf(scope, order)], { axis: -1 }),
  rotate,
  quantize: lowerQuantize,
  codebook: lowerCodebook,
  cache: () => {
    throw new RangeError('a cache operator belongs at block.N.cache, where attention lowers it');
  },
};

/** The operators of a site, in their order. */
export function applyOperators(scope: Scope, site: Site, x: Value): Value {
  const operators = scope.operators.get(site) ?? [];
  const result = operators.reduce((value, operator) => lowerOne(scope, operator, value), x);
  if (site.endsWith('.output')) scope.observe?.(site, result);
  return result;
}

function lowerOne<K extends Operator['kind']>(scope: Scope, operator: Extract<Operator, { kind: K }>, x: Value): Value {
  const lower = lowerings[operator.kind as K] as Lowering<Extract<Operator, { kind: K }>>;
  return lower(scope, operator, x);
}

function rotate(scope: Scope, { factors }: Rotate, x: Value): Value {
  const { graph } = scope;
  const shape = graph.node('Shape', [x]);
  const turned = factors.reduce((value, { size, matrix }, i) => {
    if (matrix === undefined) return value;
    const constant = arrayOf(scope, matrix, [size, size]);
    const inner = factors.slice(i + 1).reduce((product, factor) => product * factor.size, 1);
    if (inner === 1) return graph.node('MatMul', [graph.node('Reshape', [value, graph.ints([-1, size])]), constant]);
    const transposed = share(scope, `transpose ${constant}`, () =>
      graph.node('Transpose', [constant], { perm: [1, 0] }),
    );
    return graph.node('MatMul', [transposed, graph.node('Reshape', [value, graph.ints([-1, size, inner])])]);
  }, x);
  return graph.node('Reshape', [turned, shape]);
}
