import type { Value } from '../../onnx/graph.js';
import { queryIndex, rowShape, sequenceIndex, share } from './scope.js';
import type { Scope } from './scope.js';

/** Added to a score that may not be seen; finite, so that no sum becomes NaN. */
const hidden = -3e38;

/**
 * float32 `[rows or 1, 1, length, keys]`: 0 where query i sees key j, else a huge negative number.
 * j <= i; in packed trees also i < ends[j]; with a window position[i] - position[j] < window.
 */
export function lowerMask(scope: Scope, window: number | undefined): Value {
  const { graph } = scope;
  return share(scope, `mask ${window ?? 'full'}`, () => {
    const [one, two] = [graph.ints([1]), graph.ints([2])];
    const index = sequenceIndex(scope);
    const query = graph.node('Unsqueeze', [queryIndex(scope), one]);
    let seen = graph.node('LessOrEqual', [index, query]);
    if (scope.rows)
      seen = graph.node('And', [seen, graph.node('Less', [query, graph.node('Unsqueeze', [scope.rows.ends, one])])]);
    if (window !== undefined) {
      const positions = rowPositions(scope);
      const ofKeys = scope.past ? joinPastPositions(scope, positions) : positions;
      const distance = graph.node('Sub', [
        graph.node('Unsqueeze', [positions, two]),
        graph.node('Unsqueeze', [ofKeys, one]),
      ]);
      seen = graph.node('And', [seen, graph.node('Less', [distance, graph.ints([window])])]);
    }
    const bias = graph.node('Where', [seen, graph.scalar(0), graph.scalar(hidden)]);
    const batched = scope.rows !== undefined || window !== undefined;
    return graph.node('Unsqueeze', [bias, batched ? one : graph.ints([0, 1])]);
  });
}

/** int64 `[rows, length]`. */
function rowPositions({ graph, positions, rows }: Scope): Value {
  return rows ? graph.node('Gather', [graph.node('Reshape', [positions, graph.ints([-1])]), rows.slots]) : positions;
}

/** int64 `[1, keys]`: the tokens before lie at positions 0, 1, ... */
function joinPastPositions(scope: Scope, positions: Value): Value {
  const { graph } = scope;
  const length = graph.node('Gather', [rowShape(scope), graph.ints([1])]);
  const before = graph.node('Slice', [sequenceIndex(scope), graph.ints([0]), graph.node('Neg', [length])]);
  return graph.node('Concat', [graph.node('Unsqueeze', [before, graph.ints([0])]), positions], { axis: 1 });
}
