import type { Value } from '../../onnx/graph.js';
import { queryIndex, sequenceIndex, share } from './scope.js';
import type { Scope } from './scope.js';

/** Added to a score that may not be seen; finite, so that no sum becomes NaN. */
const hidden = -3e38;

/**
 * float32 `[batch or 1, 1, sequence, keys]`: 0 where query i sees key j, else a huge negative number.
 * j <= i; in packed trees also i < ends[j]; with a window position[i] - position[j] < window.
 */
export function lowerMask(scope: Scope, window: number | undefined): Value {
  const { graph } = scope;
  return share(scope, `mask ${window ?? 'full'}`, () => {
    const [one, two] = [graph.ints([1]), graph.ints([2])];
    const index = sequenceIndex(scope);
    const query = graph.node('Unsqueeze', [queryIndex(scope), one]);
    let seen = graph.node('LessOrEqual', [index, query]);
    if (scope.ends !== undefined)
      seen = graph.node('And', [seen, graph.node('Less', [query, graph.node('Unsqueeze', [scope.ends, one])])]);
    if (window !== undefined) {
      const distance = graph.node('Sub', [
        graph.node('Unsqueeze', [scope.positions, two]),
        scope.past ? index : graph.node('Unsqueeze', [scope.positions, one]),
      ]);
      seen = graph.node('And', [seen, graph.node('Less', [distance, graph.ints([window])])]);
    }
    const bias = graph.node('Where', [seen, graph.scalar(0), graph.scalar(hidden)]);
    const batched = scope.ends !== undefined || window !== undefined;
    return graph.node('Unsqueeze', [bias, batched ? one : graph.ints([0, 1])]);
  });
}
