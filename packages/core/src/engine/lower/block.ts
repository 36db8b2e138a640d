import type { Block } from '../../model/decoder.js';
import type { Value } from '../../onnx/graph.js';
import { lowerAttention } from './attention.js';
import { lowerMlp } from './mlp.js';
import { lowerNorm } from './norm.js';
import type { Scope } from './scope.js';

/** One decoder block, `[tokens, hidden]` to the same. */
export function lowerBlock(scope: Scope, block: Block, x: Value): Value {
  const attended = lowerResidual(scope, block, block.attentionNorm, x, (y) =>
    lowerAttention(scope, block.index, block.attention, y),
  );
  return lowerResidual(scope, block, block.mlpNorm, attended, (y) => lowerMlp(scope, block.mlp, y));
}

function lowerResidual(
  scope: Scope,
  { normPlacement }: Block,
  norm: Block['mlpNorm'],
  x: Value,
  inner: (y: Value) => Value,
): Value {
  const { graph } = scope;
  if (normPlacement === 'pre') return graph.node('Add', [x, inner(lowerNorm(scope, norm, x))]);
  return lowerNorm(scope, norm, graph.node('Add', [x, inner(x)]));
}
