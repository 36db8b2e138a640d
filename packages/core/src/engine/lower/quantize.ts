import { float8Top } from '../../draft/operators.js';
import type { Float8, Quantize } from '../../draft/operators.js';
import type { Value } from '../../onnx/graph.js';
import { arrayOf, batchShape, safeStep, share } from './scope.js';
import type { Scope } from './scope.js';

/** Rounds half to even (ONNX Round), as every reference does. `x` is `[..., width]`. */
export function lowerQuantize(scope: Scope, operator: Quantize, x: Value): Value {
  const { graph } = scope;
  const rows = scaleRows(scope, operator);
  const round = operator.symmetric ? quantizeSymmetric : quantizeAsymmetric;
  if (rows === undefined) return round(scope, operator, x);
  const rounded = round(scope, operator, graph.node('Reshape', [x, rows]));
  return graph.node('Reshape', [rounded, graph.node('Shape', [x])]);
}

/** A shape whose last axis is what shares a scale; undefined where that of `x` will do: a token is the last axis. */
function scaleRows(scope: Scope, { granularity, groupSize = 0, range }: Quantize): Value | undefined {
  const { graph } = scope;
  if (granularity === 'group') {
    const groups = isPerGroup(range) ? [range.low.length] : [];
    return graph.ints([-1, ...groups, groupSize]);
  }
  if (granularity === 'token' || range) return undefined;
  // A dynamic scale of a tensor is one of each sequence, whatever runs beside it.
  return share(scope, 'sequenceRows', () => {
    const batch = graph.node('Slice', [batchShape(scope), graph.ints([0]), graph.ints([1])]);
    return graph.node('Concat', [batch, graph.ints([-1])], { axis: 0 });
  });
}

type Range = Quantize['range'];

function isPerGroup(range: Range): range is { low: Float32Array; high: Float32Array } {
  return range?.low instanceof Float32Array;
}

/** A calibrated bound: one value, or `[groups, 1]`. */
function boundOf(scope: Scope, bound: number | Float32Array): Value {
  return typeof bound === 'number' ? scope.graph.scalar(bound) : arrayOf(scope, bound, [bound.length, 1]);
}

function quantizeSymmetric(scope: Scope, operator: Quantize, x: Value): Value {
  const { graph } = scope;
  const { bits, clipRatio, range, format = 'integer' } = operator;
  const top = format === 'integer' ? 2 ** (bits - 1) - 1 : float8Top[format];
  const absMax = range
    ? graph.node('Max', [graph.node('Neg', [boundOf(scope, range.low)]), boundOf(scope, range.high)])
    : reduce(scope, 'ReduceMax', graph.node('Abs', [x]));
  // The references divide: a product with 1 / top is now and then a unit in the last place away.
  const step = safeStep(graph, graph.node('Div', [clip(scope, absMax, clipRatio), graph.scalar(top)]));
  const scaled = graph.node('Div', [x, step]);
  const codes =
    format === 'integer'
      ? graph.node('Clip', [graph.node('Round', [scaled]), graph.scalar(-top - 1), graph.scalar(top)])
      : roundToFloat8(graph, scaled, format);
  return graph.node('Mul', [codes, step]);
}

/** onnxruntime's Cast rounds half to even and saturates (checked over all values and their middles). */
function roundToFloat8(graph: Scope['graph'], x: Value, format: Float8): Value {
  const type = format === 'e4m3' ? 'float8e4m3fn' : 'float8e5m2';
  return graph.cast(graph.cast(x, type), 'float32');
}

function quantizeAsymmetric(scope: Scope, operator: Quantize, x: Value): Value {
  const { graph } = scope;
  const { bits, clipRatio, range, includeZero = true } = operator;
  const top = 2 ** bits - 1;
  const zero = graph.scalar(0);
  const bound = (value: Value, opType: 'Min' | 'Max'): Value =>
    clip(scope, includeZero ? graph.node(opType, [value, zero]) : value, clipRatio);
  const low = bound(range ? boundOf(scope, range.low) : reduce(scope, 'ReduceMin', x), 'Min');
  const high = bound(range ? boundOf(scope, range.high) : reduce(scope, 'ReduceMax', x), 'Max');
  const step = safeStep(graph, graph.node('Div', [graph.node('Sub', [high, low]), graph.scalar(top)]));
  const zeroPoint = graph.node('Round', [graph.node('Div', [graph.node('Neg', [low]), step])]);
  const codes = graph.node('Add', [graph.node('Round', [graph.node('Div', [x, step])]), zeroPoint]);
  const clamped = graph.node('Clip', [codes, zero, graph.scalar(top)]);
  return graph.node('Mul', [graph.node('Sub', [clamped, zeroPoint]), step]);
}

function clip({ graph }: Scope, bound: Value, ratio: number): Value {
  return ratio === 1 ? bound : graph.node('Mul', [bound, graph.scalar(ratio)]);
}

function reduce({ graph }: Scope, opType: string, x: Value): Value {
  return graph.node(opType, [x, graph.ints([-1])], { keepdims: 1 });
}
