import type { Linear } from '../../model/decoder.js';
import type { Value } from '../../onnx/graph.js';
import { lowerProduct } from '../executed-product.js';
import { applyOperators } from './operators.js';
import type { Scope } from './scope.js';

/** y = x Wt + b. `x` is `[tokens, cols]`, the result `[tokens, rows]`. */
export function lowerLinear(scope: Scope, linear: Linear, x: Value): Value {
  const { graph, parameters } = scope;
  const input = applyOperators(scope, `${linear.name}.input`, x);
  scope.observe?.(linear.name, input);
  const bias = linear.bias ? parameters.value(graph, linear.bias) : undefined;
  const executed = parameters.product?.(linear);
  if (executed !== undefined) {
    const product = lowerProduct(graph, linear, executed, input);
    const sum = bias === undefined ? product : graph.node('Add', [product, bias]);
    return applyOperators(scope, `${linear.name}.output`, sum);
  }
  const weight = parameters.value(graph, linear.weight);
  // Gemm on 2-D activations pre-packs the weight as it lies in the checkpoint.
  const y = graph.node('Gemm', bias === undefined ? [input, weight] : [input, weight, bias], {
    transB: linear.weight.transposed ? 0 : 1,
  });
  return applyOperators(scope, `${linear.name}.output`, y);
}

/**
 * Linears that share one input, their results side by side: `[tokens, sum of rows]`. Constant weights with nothing on
 * their sites become one product, which is faster than several narrow ones.
 */
export function lowerLinears(scope: Scope, linears: readonly Linear[], x: Value): Value {
  const { graph, parameters } = scope;
  if (linears.length === 1 || !canJoin(scope, linears))
    return join(
      scope,
      linears.map((linear) => lowerLinear(scope, linear, x)),
      1,
    );
  for (const linear of linears) scope.observe?.(linear.name, x);
  const weight = join(
    scope,
    linears.map((linear) => parameters.value(graph, linear.weight)),
    0,
  );
  const biases = linears.flatMap((linear) => (linear.bias ? [parameters.value(graph, linear.bias)] : []));
  return graph.node('Gemm', biases.length === 0 ? [x, weight] : [x, weight, join(scope, biases, 0)], { transB: 1 });
}

function canJoin(scope: Scope, linears: readonly Linear[]): boolean {
  const biased = linears[0]?.bias !== undefined;
  return (
    scope.parameters.constant &&
    linears.every((linear) => scope.parameters.product?.(linear) === undefined) &&
    linears.every(
      ({ name, weight, bias }) =>
        !weight.transposed &&
        (bias !== undefined) === biased &&
        !scope.operators.has(`${name}.input`) &&
        !scope.operators.has(`${name}.output`),
    )
  );
}

function join(scope: Scope, values: Value[], axis: number): Value {
  return values.length === 1 ? (values[0] as Value) : scope.graph.node('Concat', values, { axis });
}
