import { float8Top } from '../../draft/operators.js';
import type { Float8, Quantize } from '../../draft/operators.js';
import { isStaticGrid, staticGrid } from '../../draft/static-grid.js';
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

function quantizeSymmetric(scope: Scope, operator: Quantize, value: Value): Value {
  const { graph } = scope;
  const { bits, range, format = 'integer' } = operator;
  const { compute, narrow } = arithmeticOf(graph, operator);
  const top = format === 'integer' ? 2 ** (bits - 1) - 1 : float8Top[format];
  const x = narrow(value);
  const dynamicStep = (): Value => {
    const absMax = range
      ? narrow(graph.node('Max', [graph.node('Neg', [boundOf(scope, range.low)]), boundOf(scope, range.high)]))
      : reduce(scope, 'ReduceMax', graph.node('Abs', [x]));
    const steps = operator.step === 'full' ? (2 ** bits - 1) / 2 : top;
    // The references divide: a product with 1 / top is now and then a unit in the last place away.
    return safeStep(graph, compute('Div', clip(scope, operator, absMax), graph.scalar(steps)));
  };
  const step = isStaticGrid(operator) ? graph.scalar(staticGrid(operator).step) : dynamicStep();
  const scaled = compute('Div', x, step);
  if (format !== 'integer') return compute('Mul', roundToFloat8(graph, scaled, format), step);
  const codes = graph.node('Round', [scaled]);
  if (!clamps(operator)) return compute('Mul', codes, step);
  return compute('Mul', graph.node('Clip', [codes, graph.scalar(-top - 1), graph.scalar(top)]), step);
}

/** In float32 the greatest value of a range falls on the greatest code by itself; in a half it may fall beyond. */
function clamps({ arithmetic = 'float32', clipRatio, range, step }: Quantize): boolean {
  return arithmetic === 'float32' || step === 'full' || clipRatio !== 1 || range !== undefined;
}

function quantizeAsymmetric(scope: Scope, operator: Quantize, value: Value): Value {
  const { graph } = scope;
  const { bits, range, includeZero = true } = operator;
  const { compute, narrow } = arithmeticOf(graph, operator);
  const top = 2 ** bits - 1;
  const zero = graph.scalar(0);
  const x = narrow(value);
  const quantize = (step: Value, zeroPoint: Value): Value => {
    const codes = compute('Add', graph.node('Round', [compute('Div', x, step)]), zeroPoint);
    const clamped = graph.node('Clip', [codes, zero, graph.scalar(top)]);
    return compute('Mul', compute('Sub', clamped, zeroPoint), step);
  };
  if (isStaticGrid(operator)) {
    const grid = staticGrid(operator);
    return quantize(graph.scalar(grid.step), graph.scalar(grid.zeroPoint));
  }
  const bound = (found: Value, opType: 'Min' | 'Max'): Value =>
    clip(scope, operator, includeZero ? graph.node(opType, [found, zero]) : found);
  const low = bound(range ? narrow(boundOf(scope, range.low)) : reduce(scope, 'ReduceMin', x), 'Min');
  const high = bound(range ? narrow(boundOf(scope, range.high)) : reduce(scope, 'ReduceMax', x), 'Max');
  const step = safeStep(graph, compute('Div', compute('Sub', high, low), graph.scalar(top)));
  const zeroPoint = graph.node('Round', [compute('Div', graph.node('Neg', [low]), step)]);
  return quantize(step, zeroPoint);
}

interface Arithmetic {
  /** An operation in the type: + - * / in float32, then rounded, is the half's own result, for float32 holds twice its bits. */
  compute(opType: 'Add' | 'Sub' | 'Mul' | 'Div', a: Value, b: Value): Value;
  /** A value as the type holds it. */
  narrow(x: Value): Value;
}

function arithmeticOf(graph: Scope['graph'], { arithmetic: type = 'float32' }: Quantize): Arithmetic {
  const narrow = (x: Value): Value => (type === 'float32' ? x : graph.cast(graph.cast(x, type), 'float32'));
  return { narrow, compute: (opType, a, b) => narrow(graph.node(opType, [a, b])) };
}

/** onnxruntime's Cast rounds half to even and saturates (tests hold it to all values and what lies between them). */
function roundToFloat8(graph: Scope['graph'], x: Value, format: Float8): Value {
  return graph.cast(graph.cast(x, format === 'e4m3' ? 'float8e4m3fn' : 'float8e5m2'), 'float32');
}

function clip({ graph }: Scope, operator: Quantize, bound: Value): Value {
  const { clipRatio } = operator;
  return clipRatio === 1 ? bound : arithmeticOf(graph, operator).compute('Mul', bound, graph.scalar(clipRatio));
}

function reduce({ graph }: Scope, opType: string, x: Value): Value {
  return graph.node(opType, [x, graph.ints([-1])], { keepdims: 1 });
}
