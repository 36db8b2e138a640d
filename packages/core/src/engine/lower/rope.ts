import type { Rope } from '../../model/decoder.js';
import { contrib } from '../../onnx/graph.js';
import type { Value } from '../../onnx/graph.js';
import { share, splitBatch } from './scope.js';
import type { Scope } from './scope.js';

/** Cosine and sine tables `[maxLength, dim / 2]`, angles in float32 as transformers computes them. */
export function ropeTables(scope: Scope, rope: Rope): { cos: Value; sin: Value } {
  const emit = (kind: 'cos' | 'sin'): Value => {
    const name = `rope.${kind}.${rope.dim}.${rope.magnitude}.${rope.frequencies.join(',')}`;
    return share(scope, name, () => {
      const half = rope.frequencies.length;
      const table = new Float32Array(scope.maxLength * half);
      for (let position = 0; position < scope.maxLength; position++)
        for (const [i, frequency] of rope.frequencies.entries())
          table[position * half + i] = Math.fround(Math[kind](Math.fround(position * frequency))) * rope.magnitude;
      return scope.graph.constant(`rope.${kind}.${scope.shared.size}`, 'float32', [scope.maxLength, half], table);
    });
  };
  return { cos: emit('cos'), sin: emit('sin') };
}

/** Rotates the first `rope.dim` of each head of `x`, `[batch, sequence, heads, headDim]`, by half-split pairs. */
export function lowerRope(scope: Scope, rope: Rope, x: Value, heads: number, headDim: number): Value {
  return scope.lowering === 'auto' ? lowerFused(scope, rope, x, heads, headDim) : lowerGeneral(scope, rope, x, headDim);
}

/** Each token as a batch of its own: the operator takes no more tokens a sequence than the tables have rows. */
function lowerFused(scope: Scope, rope: Rope, x: Value, heads: number, headDim: number): Value {
  const { graph } = scope;
  const { cos, sin } = ropeTables(scope, rope);
  const tokens = graph.node('Reshape', [x, graph.ints([-1, 1, heads * headDim])]);
  const positions = share(scope, 'rope positions', () => graph.node('Reshape', [scope.positions, graph.ints([-1, 1])]));
  const attributes = { num_heads: heads, rotary_embedding_dim: rope.dim === headDim ? 0 : rope.dim };
  const turned = graph.node('RotaryEmbedding', [tokens, positions, cos, sin], attributes, contrib);
  return splitBatch(scope, turned, [heads, headDim]);
}

function lowerGeneral(scope: Scope, rope: Rope, x: Value, headDim: number): Value {
  const { graph } = scope;
  const half = rope.dim / 2;
  const rows = (kind: 'cos' | 'sin', table: Value): Value =>
    share(scope, `rope rows ${kind} ${table}`, () =>
      graph.node('Unsqueeze', [graph.node('Gather', [table, scope.positions]), graph.ints([2])]),
    );
  const tables = ropeTables(scope, rope);
  const cos = rows('cos', tables.cos);
  const sin = rows('sin', tables.sin);
  const sizes = rope.dim === headDim ? [half, half] : [half, half, headDim - rope.dim];
  const [first, second, ...rest] = graph.nodes('Split', [x, graph.ints(sizes)], sizes.length, { axis: -1 }) as [
    Value,
    Value,
    ...Value[],
  ];
  const mul = (a: Value, b: Value): Value => graph.node('Mul', [a, b]);
  const rotatedFirst = graph.node('Sub', [mul(first, cos), mul(second, sin)]);
  const rotatedSecond = graph.node('Add', [mul(second, cos), mul(first, sin)]);
  return graph.node('Concat', [rotatedFirst, rotatedSecond, ...rest], { axis: -1 });
}
