import { blockSites } from '../../draft/operators.js';
import type { CacheQuantize, SampledSite } from '../../draft/operators.js';
import type { Attention } from '../../model/decoder.js';
import { contrib, float } from '../../onnx/graph.js';
import type { Value } from '../../onnx/graph.js';
import { cacheMasks, roundCache } from './cache.js';
import { lowerLinear, lowerLinears } from './linear.js';
import { lowerMask } from './mask.js';
import { lowerNorm } from './norm.js';
import { applyOperators } from './operators.js';
import { lowerRope, ropeTables } from './rope.js';
import { fromRows, rowShape, share, splitBatch, toRows } from './scope.js';
import type { Scope } from './scope.js';

/** onnxruntime's fused operator rotates only whole heads whose size is a multiple of 16, and runs on multiples of 8. */
const fusedRopeMultiple = 16;
const fusedMultiple = 8;

/** Whether a block's attention goes by the fused operator. */
export function isFused(
  { lowering, operators }: Pick<Scope, 'lowering' | 'operators'>,
  block: number,
  { headDim }: Attention,
): boolean {
  return lowering === 'auto' && headDim % fusedMultiple === 0 && !operators.has(`block.${block}.cache`);
}

interface Heads {
  query: Value;
  key: Value;
  value: Value;
}

/** Self-attention of one block, `[tokens, hidden]` to the same. */
export function lowerAttention(scope: Scope, block: number, attention: Attention, x: Value): Value {
  const packed = lowerLinears(scope, attention.inputs, x);
  const fused = isFused(scope, block, attention);
  const mixed =
    fused && canRotateInside(scope, block, attention)
      ? lowerFused(
          scope,
          block,
          attention,
          { query: splitBatch(scope, packed, [packedWidth(attention)]), key: '', value: '' },
          true,
        )
      : lowerHeads(scope, block, attention, packed, fused);
  return lowerLinear(scope, attention.output, fromRows(scope, mixed, attention.heads * attention.headDim));
}

function packedWidth({ heads, kvHeads, headDim }: Attention): number {
  return (heads + 2 * kvHeads) * headDim;
}

/**
 * Nothing may sit between the projections and the rotary embedding, or between it and the products. In packed trees the
 * operator would rotate by places, not by positions: onnxruntime 1.30 on CPU ignores its position ids (tried).
 */
function canRotateInside(scope: Scope, block: number, { rope, headDim, queryNorm, keyNorm }: Attention): boolean {
  const sites = blockSites.some((name) => scope.operators.has(`block.${block}.${name}`));
  const ropeFits = rope === undefined || (rope.dim === headDim && headDim % fusedRopeMultiple === 0);
  // What is continued hands its turned keys out.
  const isWhole = scope.rows === undefined && scope.past === undefined;
  return isWhole && !sites && ropeFits && queryNorm === undefined && keyNorm === undefined;
}

function lowerHeads(scope: Scope, block: number, attention: Attention, packed: Value, fused: boolean): Value {
  const { graph } = scope;
  const { heads, kvHeads, headDim, rope, queryNorm, keyNorm } = attention;
  const sizes = graph.ints([heads * headDim, kvHeads * headDim, kvHeads * headDim]);
  const parts = graph.nodes('Split', [packed, sizes], 3, { axis: -1 });
  const [q, k, v] = parts.map((part, i) => splitBatch(scope, part, [i === 0 ? heads : kvHeads, headDim])) as [
    Value,
    Value,
    Value,
  ];
  const at = (name: SampledSite, x: Value): Value => {
    const value = applyOperators(scope, `block.${block}.${name}`, x);
    scope.observe?.(`block.${block}.${name}`, value);
    return value;
  };
  const query = queryNorm ? lowerNorm(scope, queryNorm, q) : q;
  const key = at('keyBeforeRope', keyNorm ? lowerNorm(scope, keyNorm, k) : k);
  const turn = (x: Value, count: number): Value => (rope ? lowerRope(scope, rope, x, count, headDim) : x);
  const ready: Heads = {
    query: at('query', turn(query, heads)),
    key: at('key', turn(key, kvHeads)),
    value: at('value', v),
  };
  scope.past?.write(block, ready.key, ready.value);
  if (!fused) {
    const inRows = (x: Value, count: number): Value =>
      scope.rows ? graph.node('Reshape', [toRows(scope, x, count * headDim), graph.ints([0, 0, count, headDim])]) : x;
    const heads4 = {
      query: inRows(ready.query, heads),
      key: inRows(ready.key, kvHeads),
      value: inRows(ready.value, kvHeads),
    };
    return lowerGeneral(scope, attention, joinPast(scope, block, heads4), cacheOf(scope, block));
  }
  const flat = (x: Value, count: number): Value => toRows(scope, x, count * headDim);
  return lowerFused(
    scope,
    block,
    attention,
    { query: flat(ready.query, heads), key: flat(ready.key, kvHeads), value: flat(ready.value, kvHeads) },
    false,
  );
}

/** Keys and values of all tokens: those before, and these. */
function joinPast({ graph, past }: Scope, block: number, { query, key, value }: Heads): Heads {
  if (!past) return { query, key, value };
  const before = past.read(block);
  const join = (first: Value, second: Value): Value => graph.node('Concat', [first, second], { axis: 1 });
  return { query, key: join(before.key, key), value: join(before.value, value) };
}

/** GroupQueryAttention. Inputs `[rows, length, width]`; query may hold all three packed. */
function lowerFused(scope: Scope, block: number, attention: Attention, heads: Heads, rotate: boolean): Value {
  const { past, parts } = scope;
  if (parts !== undefined) return lowerParts(scope, attention, heads, rotate, parts);
  const before = past?.read(block) ?? { key: '', value: '' };
  const lengths = { last: pastLengths(scope), total: totalLength(scope) };
  return lowerOperator(scope, attention, heads, rotate, { ...before, ...lengths })[0];
}

/** Each part of the sequence after those before it: a triangle of steps in place of the square. */
function lowerParts(scope: Scope, attention: Attention, heads: Heads, rotate: boolean, parts: number): Value {
  const { graph } = scope;
  const axis = graph.ints([1]);
  let before = { key: '', value: '' };
  const mixed = Array.from({ length: parts }, (_, part) => {
    const [from, to] = [partBound(scope, part, parts), partBound(scope, part + 1, parts)];
    const cut = (x: Value): Value => (x === '' ? '' : graph.node('Slice', [x, from, to, axis]));
    const [query, key, value] = [cut(heads.query), cut(heads.key), cut(heads.value)];
    const lengths = share(scope, `part ${part} lengths`, () => graph.cast(to, 'int32'));
    const last = share(scope, `part ${part} last`, () =>
      graph.node('Sub', [lengths, graph.constant('one:i32', 'int32', [], Int32Array.of(1))]),
    );
    const total = share(scope, `part ${part} total`, () => graph.node('Squeeze', [lengths]));
    const [own, keys, values] = lowerOperator(scope, attention, { query, key, value }, rotate, {
      ...before,
      last,
      total,
    });
    before = { key: keys, value: values };
    return own;
  });
  return graph.node('Concat', mixed, { axis: 1 });
}

/** int64 `[1]`: where a part begins. */
function partBound(scope: Scope, part: number, parts: number): Value {
  const { graph } = scope;
  return share(scope, `part ${part} bound`, () => {
    const length = graph.node('Gather', [rowShape(scope), graph.ints([1])]);
    return graph.node('Div', [graph.node('Mul', [length, graph.ints([part])]), graph.ints([parts])]);
  });
}

/** Keys and values of the tokens before, int32 `[rows]`, each row's tokens - 1, and the most tokens of a row. */
interface Before {
  key: Value;
  value: Value;
  last: Value;
  total: Value;
}

/** The result, and keys and values of all tokens. */
function lowerOperator(
  scope: Scope,
  attention: Attention,
  { query, key, value }: Heads,
  rotate: boolean,
  before: Before,
): [Value, Value, Value] {
  const { rope, window } = attention;
  const rotary = rotate && rope !== undefined;
  const tables = rotary ? ropeTables(scope, rope) : { cos: '', sin: '' };
  // The operator's own window counts places in the sequence; packed trees need positions, so there the mask holds it.
  const bias = scope.rows === undefined ? '' : lowerMask(scope, window);
  const inputs = [query, key, value, before.key, before.value, before.last, before.total, tables.cos, tables.sin];
  const attributes = {
    num_heads: attention.heads,
    kv_num_heads: attention.kvHeads,
    scale: float(attention.scale),
    do_rotary: rotary ? 1 : 0,
    local_window_size: scope.rows === undefined && window !== undefined ? window : -1,
    softcap: float(attention.softCap ?? 0),
  };
  const results = scope.graph.nodes('GroupQueryAttention', [...inputs, '', bias], 3, attributes, contrib);
  return results as [Value, Value, Value];
}

/** int32 `[batch]`: the row's tokens - 1, what the operator calls seqlens_k. */
function pastLengths(scope: Scope): Value {
  const { graph, past } = scope;
  return share(scope, 'pastLengths', () => {
    if (past) return graph.cast(graph.node('Sub', [past.lengths, graph.ints([1])]), 'int32');
    const batch = graph.node('Slice', [rowShape(scope), graph.ints([0]), graph.ints([1])]);
    const last = graph.node('Sub', [totalLength(scope), graph.constant('one:i32', 'int32', [], Int32Array.of(1))]);
    return graph.node('Expand', [last, batch]);
  });
}

function totalLength(scope: Scope): Value {
  const { graph, past } = scope;
  return share(scope, 'totalLength', () => {
    if (past) return graph.cast(graph.node('ReduceMax', [past.lengths], { keepdims: 0 }), 'int32');
    const length = graph.node('Gather', [rowShape(scope), graph.ints([1], [])]);
    return graph.node('Cast', [length], { to: 6 });
  });
}

function cacheOf({ operators }: Scope, block: number): CacheQuantize | undefined {
  return operators.get(`block.${block}.cache`)?.find((operator) => operator.kind === 'cache');
}

/** Plain products for every case. Query heads are grouped by the key head that they share. */
function lowerGeneral(
  scope: Scope,
  attention: Attention,
  { query, key, value }: Heads,
  cache: CacheQuantize | undefined,
): Value {
  const { graph } = scope;
  const { heads, kvHeads, headDim, scale, softCap, window } = attention;
  const group = heads / kvHeads;
  const grouped = (x: Value, count: number, perm: number[]): Value =>
    // 0: as many rows and tokens as there are; with a past there are more keys than queries.
    graph.node('Transpose', [graph.node('Reshape', [x, graph.ints([0, 0, kvHeads, count, headDim])])], { perm });
  const q = grouped(query, group, [0, 2, 3, 1, 4]);
  const masks = cache && cacheMasks(scope, cache);
  const width = kvHeads * headDim;
  const productWith = (keys: Value): Value => graph.node('MatMul', [q, grouped(keys, 1, [0, 2, 3, 4, 1])]);
  let scores = productWith(key);
  if (cache && masks)
    scores = graph.node('Where', [masks.keys, productWith(roundCache(scope, cache.keys, key, width)), scores]);
  scores = graph.node('Mul', [scores, graph.scalar(scale)]);
  if (softCap !== undefined) {
    const cap = graph.scalar(softCap);
    scores = graph.node('Mul', [graph.node('Tanh', [graph.node('Div', [scores, cap])]), cap]);
  }
  const mask = graph.node('Unsqueeze', [lowerMask(scope, window), graph.ints([1])]);
  const weights = graph.node('Softmax', [graph.node('Add', [scores, mask])], { axis: -1 });
  const mix = (share: Value, values: Value): Value =>
    graph.node('MatMul', [share, grouped(values, 1, [0, 2, 3, 1, 4])]);
  const mixed =
    cache && masks
      ? graph.node('Add', [
          mix(graph.node('Where', [masks.values, graph.scalar(0), weights]), value),
          mix(
            graph.node('Where', [masks.values, weights, graph.scalar(0)]),
            roundCache(scope, cache.values, value, width),
          ),
        ])
      : mix(weights, value);
  return graph.node('Transpose', [mixed], { perm: [0, 3, 1, 2, 4] });
}
