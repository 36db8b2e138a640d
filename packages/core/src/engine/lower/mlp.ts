import type { Activation, Mlp } from '../../model/decoder.js';
import { contrib, float } from '../../onnx/graph.js';
import type { Graph, Value } from '../../onnx/graph.js';
import { lowerLinear, lowerLinears } from './linear.js';
import type { Scope } from './scope.js';

const activations: Record<Activation, (graph: Graph, x: Value) => Value> = {
  silu: (graph, x) => graph.node('QuickGelu', [x], { alpha: float(1) }, contrib),
  relu: (graph, x) => graph.node('Relu', [x]),
  gelu: (graph, x) => graph.node('Gelu', [x], { approximate: 'none' }),
  geluTanh: (graph, x) => graph.node('Gelu', [x], { approximate: 'tanh' }),
};

/** `[tokens, hidden]` to the same; gated when the inputs have a gate part. */
export function lowerMlp(scope: Scope, mlp: Mlp, x: Value): Value {
  const { graph } = scope;
  const parts = mlp.inputs.flatMap((linear) => linear.parts);
  const activate = activations[mlp.activation];
  const inner = mlp.down.cols;
  if (!parts.includes('gate')) return lowerLinear(scope, mlp.down, activate(graph, lowerLinears(scope, mlp.inputs, x)));
  // Separate products: cutting a joined [tokens, 2 x inner] result apart costs more than one wide product saves.
  const [gate, up] =
    mlp.inputs.length === 2
      ? mlp.inputs.map((linear) => lowerLinear(scope, linear, x))
      : graph.nodes('Split', [lowerLinears(scope, mlp.inputs, x), graph.ints([inner, inner])], 2, { axis: -1 });
  const product = graph.node('Mul', [activate(graph, gate as Value), up as Value]);
  return lowerLinear(scope, mlp.down, product);
}
