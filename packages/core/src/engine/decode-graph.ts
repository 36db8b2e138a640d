import type { Decoder } from '../model/decoder.js';
import { lowerEmbedding, lowerEnd, lowerLogits, startGraph } from './graphs.js';
import type { GraphOptions } from './graphs.js';
import { lowerBlock } from './lower/block.js';
import { declarePast } from './past.js';
import type { PastKind } from './past.js';

/** How tokens before are known to a run; `whole`: all tokens are fed. */
export type CacheKind = PastKind | 'whole';

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
