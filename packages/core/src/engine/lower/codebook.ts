import type { ChannelRange, Codebook, TokenRange } from '../../draft/operators.js';
import type { Value } from '../../onnx/graph.js';
import { arrayOf, safeStep, share, splitBatch } from './scope.js';
import type { Scope } from './scope.js';

interface Bounds {
  low: Value;
  high: Value;
  /** bool, which values stay exact. */
  exact: Value | undefined;
}

/** `x` is `[tokens, width]` or `[batch, sequence, heads, headDim]`; a row is one token with all it holds. */
export function lowerCodebook(scope: Scope, operator: Codebook, x: Value): Value {
  const { graph } = scope;
  const { boundaries, levels, range, firstTokens } = operator;
  const rows = splitBatch(scope, x, [-1]);
  const { low, high, exact } =
    range.per === 'channel' ? channelBounds(scope, range, rows) : tokenBounds(scope, range, rows);
  const middle = graph.node('Mul', [graph.node('Add', [low, high]), graph.scalar(0.5)]);
  const half = graph.node('Mul', [graph.node('Sub', [high, low]), graph.scalar(0.5)]);
  const scaled = graph.node('Div', [graph.node('Sub', [rows, middle]), safeStep(graph, half)]);
  // A chain of selections gives the levels themselves; a sum of their differences would round.
  const snapped = [...boundaries].reduce(
    (value, boundary, i) => {
      const above = graph.node('Greater', [scaled, graph.scalar(boundary)]);
      return graph.node('Where', [above, graph.scalar(levels[i + 1] as number), value]);
    },
    graph.scalar(levels[0] as number),
  );
  const restored = graph.node('Add', [graph.node('Mul', [snapped, half]), middle]);
  const masks = [exact, firstTokens > 0 ? isFirst(scope, firstTokens) : undefined].filter((mask) => mask !== undefined);
  const kept = masks.reduce<Value>((value, mask) => graph.node('Where', [mask, rows, value]), restored);
  return graph.node('Reshape', [kept, graph.node('Shape', [x])]);
}

function channelBounds(scope: Scope, { low, high, keepOutside }: ChannelRange, rows: Value): Bounds {
  const { graph } = scope;
  const [bottom, top] = [arrayOf(scope, low), arrayOf(scope, high)];
  const outside = (): Value =>
    graph.node('Or', [graph.node('Less', [rows, bottom]), graph.node('Greater', [rows, top])]);
  return { low: bottom, high: top, exact: keepOutside ? outside() : undefined };
}

function tokenBounds({ graph }: Scope, { outliers }: TokenRange, rows: Value): Bounds {
  const bounds = (inner: Value) => ({
    low: graph.node('ReduceMin', [inner, graph.ints([-1])], { keepdims: 1 }),
    high: graph.node('ReduceMax', [inner, graph.ints([-1])], { keepdims: 1 }),
  });
  if (outliers === 0) return { ...bounds(rows), exact: undefined };
  const last = graph.ints([-1]);
  const column = (sorted: Value, index: number): Value =>
    graph.node('Slice', [
      sorted,
      graph.ints([index]),
      index === -1 ? graph.ints([2 ** 31]) : graph.ints([index + 1]),
      last,
    ]);
  const sort = (count: Value, largest: 0 | 1): Value =>
    graph.nodes('TopK', [rows, count], 2, { axis: -1, largest, sorted: 1 })[0] as Value;
  // The lower half in order ends with the median, the lower of two middle values as torch has it.
  const width = graph.node('Slice', [graph.node('Shape', [rows]), last, graph.ints([2 ** 31])]);
  const lowerHalf = sort(graph.node('Div', [graph.node('Add', [width, graph.ints([1])]), graph.ints([2])]), 0);
  const exact = graph.node('Or', [
    graph.node('LessOrEqual', [rows, column(lowerHalf, outliers - 1)]),
    graph.node('GreaterOrEqual', [rows, column(sort(graph.ints([outliers]), 1), -1)]),
  ]);
  return { ...bounds(graph.node('Where', [exact, column(lowerHalf, -1), rows])), exact };
}

/** bool `[batch, sequence, 1]`: by position, so that packed trees keep the same tokens as sequences. */
function isFirst(scope: Scope, count: number): Value {
  const { graph } = scope;
  return share(scope, `first ${count}`, () =>
    graph.node('Unsqueeze', [graph.node('Less', [scope.positions, graph.ints([count], [])]), graph.ints([2])]),
  );
}
