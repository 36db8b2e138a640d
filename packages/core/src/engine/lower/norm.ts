import type { Norm } from '../../model/decoder.js';
import { float } from '../../onnx/graph.js';
import type { Value } from '../../onnx/graph.js';
import type { Scope } from './scope.js';

/** Along the last axis, statistics in float32. */
export function lowerNorm(scope: Scope, norm: Norm, x: Value): Value {
  const { graph, parameters } = scope;
  const stored = parameters.value(graph, norm.weight);
  const weight = norm.unitOffset ? graph.node('Add', [stored, graph.scalar(1)]) : stored;
  const attributes = { axis: -1, epsilon: float(norm.epsilon), stash_type: 1 };
  if (norm.kind === 'rms') return graph.node('SimplifiedLayerNormalization', [x, weight], attributes);
  const bias = norm.bias ? [parameters.value(graph, norm.bias)] : [];
  return graph.node('LayerNormalization', [x, weight, ...bias], attributes);
}
