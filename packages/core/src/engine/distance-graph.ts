import type { Decoder } from '../model/decoder.js';
import { Graph } from '../onnx/graph.js';
import type { Value } from '../onnx/graph.js';
import { lowerLogits, lowerScores } from './graphs.js';
import { lowerLogSumExp } from './lower/log-sum-exp.js';
import type { Parameters } from './parameters.js';

/** A head: its decoder and where its parameters come from. */
export interface GraphHead {
  decoder: Decoder;
  parameters: Parameters;
}

/**
 * The head and another model's beside it. `hidden` `[n, width]`, `reference` `[n, reference width]`, `targets` int64 `[n]`
 * to `nll`, `greedy` as the head's graph, `kl` float32 `[n]`, KL(reference || own) in nats, and `agrees` bool `[n]`, true
 * where both have the same arg-max. Each head sees states of its own model, in whatever basis they are.
 */
export function distanceGraph(own: GraphHead, reference: GraphHead): Uint8Array {
  const graph = new Graph('distance');
  const targets = graph.input('targets', 'int64', ['n']);
  const q = lowerLogits(graph, own.parameters, own.decoder, graph.input('hidden', 'float32', ['n', 'width']));
  const states = graph.input('reference', 'float32', ['n', 'reference width']);
  const p = lowerLogits(graph, reference.parameters, reference.decoder, states);
  const lnQ = lowerLogProbs(graph, q, lowerScores(graph, q, own.decoder.vocabSize, targets));
  const lnP = lowerLogProbs(graph, p, lowerLogSumExp(graph, p, reference.decoder.vocabSize).logSumExp);
  const best = (logits: Value): Value => graph.node('ArgMax', [logits], { axis: -1, keepdims: 0 });
  graph.output(graph.node('Equal', [best(q), best(p)]), 'agrees', 'bool', ['n']);
  graph.output(lowerDivergence(graph, lnP, lnQ), 'kl', 'float32', ['n']);
  return graph.encode();
}

function lowerLogProbs(graph: Graph, logits: Value, logSumExp: Value): Value {
  return graph.node('Sub', [logits, graph.node('Unsqueeze', [logSumExp, graph.ints([1])])]);
}

/**
 * Sum of q - p + p (ln p - ln q): the added q - p sum to nothing, but make every term at least 0 and the result blind, to
 * first order, to the few 1e-6 by which a float32 log-sum-exp may be off. Equal inputs give 0 to the last bit.
 */
function lowerDivergence(graph: Graph, lnP: Value, lnQ: Value): Value {
  const [p, q] = [graph.node('Exp', [lnP]), graph.node('Exp', [lnQ])];
  const weighed = graph.node('Mul', [p, graph.node('Sub', [lnP, lnQ])]);
  const terms = graph.node('Add', [graph.node('Sub', [q, p]), weighed]);
  return graph.node('ReduceSum', [terms, graph.ints([-1])], { keepdims: 0 });
}
