import type { Decoder } from '../model/decoder.js';
import type { Graph } from '../onnx/graph.js';
import { lowerEmbedding, lowerEnd, lowerLogits, startGraph } from './graphs.js';
import type { GraphOptions } from './graphs.js';
import { lowerBlock } from './lower/block.js';
import type { Past } from './lower/scope.js';

/**
 * How tokens before are known to a run: `fixed`, keys and values lie in arrays with room for all that will come, which the
 * fused operator writes in place; `joined`, those before go in and those of the run come out; `whole`, all tokens are fed.
 */
export type CacheKind = 'fixed' | 'joined' | 'whole';

/**
 * Tokens to the next ones. Inputs: `ids`, `positions`, int64 `[batch, sequence]`, of this run; `sources`, int64 `[n]`, indices
 * into them flattened; with a cache `lengths`, int64 `[batch]`, tokens of each row with these, and `past.<block>.key` and
 * `.value`. Outputs: `next`, int64 `[n]`, the arg-max; `sum`, float32 `[n]`, of the final hidden state, finite where all of
 * it is; `present.<block>.key` and `.value`.
 */
export function decodeGraph(decoder: Decoder, options: Omit<GraphOptions, 'packed'>, cache: CacheKind): Uint8Array {
  const lowering = cache === 'joined' ? 'general' : options.lowering;
  const { graph, scope } = startGraph('decode', { ...options, lowering, packed: false });
  if (cache !== 'whole') scope.past = declarePast(graph, decoder, cache);
  const ids = graph.input('ids', 'int64', ['batch', 'sequence']);
  const sources = graph.input('sources', 'int64', ['n']);
  const embedded = lowerEmbedding(scope, decoder, ids);
  const x = decoder.blocks.reduce((value, block) => lowerBlock(scope, block, value), embedded);
  const hidden = lowerEnd(scope, decoder, graph.node('Gather', [x, sources]));
  const logits = lowerLogits(graph, options.parameters, decoder, hidden);
  graph.output(graph.node('ArgMax', [logits], { axis: -1, keepdims: 0 }), 'next', 'int64', ['n']);
  graph.output(graph.node('ReduceSum', [hidden, graph.ints([-1])], { keepdims: 0 }), 'sum', 'float32', ['n']);
  return graph.encode();
}

function declarePast(graph: Graph, { blocks }: Decoder, cache: 'fixed' | 'joined'): Past {
  const dims = (block: number, tokens: string): (number | string)[] => {
    const { kvHeads = 0, headDim = 0 } = blocks[block]?.attention ?? {};
    return cache === 'fixed' ? ['batch', kvHeads, 'room', headDim] : ['batch', tokens, kvHeads, headDim];
  };
  return {
    lengths: graph.input('lengths', 'int64', ['batch']),
    read: (block) => ({
      key: graph.input(`past.${block}.key`, 'float32', dims(block, 'past')),
      value: graph.input(`past.${block}.value`, 'float32', dims(block, 'past')),
    }),
    write(block, key, value) {
      graph.output(key, `present.${block}.key`, 'float32', dims(block, 'sequence'));
      graph.output(value, `present.${block}.value`, 'float32', dims(block, 'sequence'));
    },
  };
}
