import type { Operator, Quantize, Rotate, Site } from '../../draft/operators.js';
import type { Value } from '../../onnx/graph.js';
import { lowerCodebook } from './codebook.js';
import { arrayOf, batchShape, safeStep, share } from './scope.js';
import type { Scope } from './scope.js';

type Lowering<O extends Operator> = (scope: Scope, operator: O, x: Value) => Value;

/** One row an operator kind. `x` is `[..., width]`. */
const lowerings: { [K in Operator['kind']]: Lowering<Extract<Operator, { kind: K }>> } = {
  scale: (scope, { factors }, x) => scope.graph.node('Mul', [x, arrayOf(scope, factors)]),
  shift: (scope, { offsets }, x) => scope.graph.node('Add', [x, arrayOf(scope, offsets)]),
  permute: (scope, { order }, x) => scope.graph.node('Gather', [x, arrayOf(scope, order)], { axis: -1 }),
  rotate,
  quantize,
  codebook: lowerCodebook,
  cache: () => {
    throw new RangeError('a cache operator belongs at block.N.cache, where attention lowers it');
  },
};

/** The operators of a site, in their order. */
export function applyOperators(scope: Scope, site: Site, x: Value): Value {
  const operators = scope.operators.get(site) ?? [];
  return operators.reduce((value, operator) => lowerOne(scope, operator, value), x);
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

/** Rounds half to even (ONNX Round), as every reference does. */
function quantize(scope: Scope, operator: Quantize, x: Value): Value {
  const { graph } = scope;
  const { granularity, groupSize = 0, range, symmetric } = operator;
  const round = symmetric ? quantizeSymmetric : quantizeAsymmetric;
  // A token is the last axis. A dynamic scale of a tensor is one of each sequence, whatever runs beside it.
  if (granularity === 'token' || range) return round(graph, operator, x);
  const rows =
    granularity === 'group'
      ? graph.ints([-1, groupSize])
      : share(scope, 'sequenceRows', () => {
          const batch = graph.node('Slice', [batchShape(scope), graph.ints([0]), graph.ints([1])]);
          return graph.node('Concat', [batch, graph.ints([-1])], { axis: 0 });
        });
  return graph.node('Reshape', [round(graph, operator, graph.node('Reshape', [x, rows])), graph.node('Shape', [x])]);
}

type Emitter = Scope['graph'];

function quantizeSymmetric(graph: Emitter, operator: Quantize, x: Value): Value {
  const top = 2 ** (operator.bits - 1) - 1;
  const absMax = operator.range
    ? graph.scalar(Math.max(-operator.range.low, operator.range.high))
    : reduce(graph, 'ReduceMax', graph.node('Abs', [x]));
  const step = safeStep(graph, graph.node('Mul', [absMax, graph.scalar(operator.clipRatio / top)]));
  const codes = graph.node('Clip', [
    graph.node('Round', [graph.node('Div', [x, step])]),
    graph.scalar(-top - 1),
    graph.scalar(top),
  ]);
  return graph.node('Mul', [codes, step]);
}

function quantizeAsymmetric(graph: Emitter, { bits, clipRatio, range, includeZero = true }: Quantize, x: Value): Value {
  const top = 2 ** bits - 1;
  const zero = graph.scalar(0);
  const ratio = graph.scalar(clipRatio);
  const bound = (value: Value, opType: 'Min' | 'Max'): Value =>
    includeZero ? graph.node(opType, [value, zero]) : value;
  const low = bound(range ? graph.scalar(range.low) : reduce(graph, 'ReduceMin', x), 'Min');
  const high = bound(range ? graph.scalar(range.high) : reduce(graph, 'ReduceMax', x), 'Max');
  const clippedLow = graph.node('Mul', [low, ratio]);
  const width = graph.node('Sub', [graph.node('Mul', [high, ratio]), clippedLow]);
  const step = safeStep(graph, graph.node('Div', [width, graph.scalar(top)]));
  const zeroPoint = graph.node('Round', [graph.node('Div', [graph.node('Neg', [clippedLow]), step])]);
  const codes = graph.node('Add', [graph.node('Round', [graph.node('Div', [x, step])]), zeroPoint]);
  const clamped = graph.node('Clip', [codes, zero, graph.scalar(top)]);
  return graph.node('Mul', [graph.node('Sub', [clamped, zeroPoint]), step]);
}

function reduce(graph: Emitter, opType: string, x: Value): Value {
  return graph.node(opType, [x, graph.ints([-1])], { keepdims: 1 });
}
