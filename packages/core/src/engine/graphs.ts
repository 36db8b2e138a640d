import { blockSites } from '../draft/operators.js';
import type { Operator, Operators } from '../draft/operators.js';
import { blockLinears } from '../model/decoder.js';
import type { BlockModule } from '../method.js';
import type { Block, Decoder } from '../model/decoder.js';
import { Graph } from '../onnx/graph.js';
import type { Value } from '../onnx/graph.js';
import { lowerAttention } from './lower/attention.js';
import { lowerBlock } from './lower/block.js';
import { lowerLinear } from './lower/linear.js';
import { lowerLogSumExp } from './lower/log-sum-exp.js';
import { lowerMlp } from './lower/mlp.js';
import { lowerNorm } from './lower/norm.js';
import { applyOperators } from './lower/operators.js';
import { mergeBatch, splitBatch } from './lower/scope.js';
import type { AttentionLowering, Rows, Scope } from './lower/scope.js';
import { declarePast } from './past.js';
import type { PastKind } from './past.js';
import { FedParameters } from './parameters.js';
import type { Parameters } from './parameters.js';

export interface GraphOptions {
  parameters: Parameters;
  operators: Operators;
  lowering: AttentionLowering;
  /** Sequences are packed trees: the graph takes `slots`, `ends` and `places` as well, see lower/scope.ts. */
  packed: boolean;
  /** One sequence, whose attention is computed in so many parts; it has at least as many tokens. */
  parts?: number | undefined;
  /** The tokens continue others, whose keys and values are fed: see past.ts. */
  continues?: PastKind | undefined;
  maxLength: number;
}

/**
 * Token ids to final hidden states. Inputs: `ids`, `positions`, int64 `[batch, sequence]`; `sources`, int64
 * `[n]`, indices into the flattened tokens. Output: `hidden`, float32 `[n, width]`, ready for the head.
 */
export function bodyGraph(decoder: Decoder, options: GraphOptions): Uint8Array {
  const { graph, scope } = startGraph('body', options);
  if (options.continues) scope.past = declarePast(graph, decoder, options.continues);
  const ids = graph.input('ids', 'int64', ['batch', 'sequence']);
  const sources = graph.input('sources', 'int64', ['n']);
  const embedded = lowerEmbedding(scope, decoder, ids);
  const x = decoder.blocks.reduce((value, block) => lowerBlock(scope, block, value), embedded);
  const picked = graph.node('Gather', [x, sources]);
  graph.output(lowerEnd(scope, decoder, picked), 'hidden', 'float32', ['n', 'width']);
  return graph.encode();
}

/** Token ids to the hidden states that enter block 0: `ids`, `positions` to `hidden`, `[tokens, hidden]`. */
export function embeddingGraph(decoder: Decoder, options: GraphOptions): Uint8Array {
  const { graph, scope } = startGraph('embedding', options);
  const ids = graph.input('ids', 'int64', ['batch', 'sequence']);
  graph.output(lowerEmbedding(scope, decoder, ids), 'hidden', 'float32', ['tokens', decoder.hiddenSize]);
  return graph.encode();
}

/** Widths of what can be observed in a block: inputs of its linears, their outputs, the values at sites of its attention. */
export function observedWidths(block: Block): Map<string, number> {
  const linears = blockLinears(block);
  return new Map([
    ...linears.map(({ name, cols }) => [name, cols] as const),
    ...linears.map(({ name, rows }) => [`${name}.output`, rows] as const),
    ...attentionWidths(block),
  ]);
}

function attentionWidths({ index, attention }: Block): Map<string, number> {
  const { heads, kvHeads, headDim } = attention;
  const sites = blockSites.filter((name) => name !== 'cache');
  return new Map(
    sites.map((name) => [`block.${index}.${name}`, (name === 'query' ? heads : kvHeads) * headDim] as const),
  );
}

/** What lies between the last block and the head: `hidden` `[tokens, hidden]` to `next` `[tokens, width]`. */
export function endGraph(decoder: Decoder, options: GraphOptions): Uint8Array {
  const { graph, scope } = startGraph('end', options);
  const hidden = graph.input('hidden', 'float32', ['tokens', decoder.hiddenSize]);
  graph.output(lowerEnd(scope, decoder, hidden), 'next', 'float32', ['tokens', 'width']);
  return graph.encode();
}

/**
 * One block: `hidden`, `positions` to `next`, and `observed.0`, ... for the observed inputs and outputs of linears and the
 * values at observed sites. Without `next` the graph ends at the last of them.
 */
export function blockGraph(
  decoder: Decoder,
  block: Block,
  options: GraphOptions,
  observed: readonly string[],
  withNext: boolean,
): Uint8Array {
  const { graph, scope } = startGraph('block', options);
  const hidden = graph.input('hidden', 'float32', ['tokens', decoder.hiddenSize]);
  const seen = new Map<string, Value>();
  scope.observe = (name, value) => seen.set(name, value);
  const sites = new Set(attentionWidths(block).keys());
  // The fused operator takes queries, keys and values in one: their sites are passed in the other lowering.
  if (observed.some((name) => sites.has(name))) scope.lowering = 'general';
  const next = lowerBlock(scope, block, hidden);
  const widths = observedWidths(block);
  for (const [i, name] of observed.entries()) {
    const width = widths.get(name) as number;
    const value = seen.get(name) as Value;
    const rows = sites.has(name) ? mergeBatch(scope, value, width) : value;
    graph.output(rows, `observed.${i}`, 'float32', ['tokens', width]);
  }
  if (withNext) graph.output(next, 'next', 'float32', ['tokens', decoder.hiddenSize]);
  return graph.encode();
}

/** A list of operators by itself: `positions` and `x`, `[tokens, width]`, to `y`. */
export function operatorGraph(operators: readonly Operator[], width: number): Uint8Array {
  const site = 'this.input';
  const options = { parameters: new FedParameters(new Map()), operators: new Map([[site, operators] as const]) };
  const { graph, scope } = startGraph('operators', { ...options, lowering: 'auto', packed: false, maxLength: 1 });
  const y = applyOperators(scope, site, graph.input('x', 'float32', ['tokens', width]));
  graph.output(y, 'y', 'float32', ['tokens', width]);
  return graph.encode();
}

/**
 * A module of a block without its residual. With `compared`, `hidden` and `reference`, both `[tokens, hidden]`, to `error`,
 * the sum of squared differences of each token `[tokens]`; else `hidden` to `output` and `passed`, hidden + output.
 */
export function moduleGraph(
  decoder: Decoder,
  block: Block,
  options: GraphOptions,
  module: BlockModule,
  compared: boolean,
): Uint8Array {
  const { graph, scope } = startGraph('module', options);
  const dims = ['tokens', decoder.hiddenSize];
  const hidden = graph.input('hidden', 'float32', dims);
  const norm = module === 'attention' ? block.attentionNorm : block.mlpNorm;
  const input = block.normPlacement === 'pre' ? lowerNorm(scope, norm, hidden) : hidden;
  const output =
    module === 'attention'
      ? lowerAttention(scope, block.index, block.attention, input)
      : lowerMlp(scope, block.mlp, input);
  if (compared) {
    const difference = graph.node('Sub', [output, graph.input('reference', 'float32', dims)]);
    const error = graph.node('ReduceSumSquare', [difference, graph.ints([-1])], { keepdims: 0 });
    graph.output(error, 'error', 'float32', ['tokens']);
  } else {
    graph.output(output, 'output', 'float32', dims);
    const sum = graph.node('Add', [hidden, output]);
    graph.output(block.normPlacement === 'pre' ? sum : lowerNorm(scope, norm, sum), 'passed', 'float32', dims);
  }
  return graph.encode();
}

/**
 * The head: `hidden` `[n, width]` and `targets` int64 `[n]` to `nll` float32 `[n]` (natural log) and `greedy` bool `[n]`,
 * true where no logit is above the target's. Logits never leave the graph.
 */
export function headGraph(decoder: Decoder, parameters: Parameters): Uint8Array {
  const graph = new Graph('head');
  const hidden = graph.input('hidden', 'float32', ['n', 'width']);
  const targets = graph.input('targets', 'int64', ['n']);
  lowerScores(graph, lowerLogits(graph, parameters, decoder, hidden), decoder.vocabSize, targets);
  return graph.encode();
}

/** The head's outputs of logits `[n, vocabulary]`; their log-sum-exp `[n]` for who needs it. */
export function lowerScores(graph: Graph, logits: Value, vocabSize: number, targets: Value): Value {
  const { logSumExp, most } = lowerLogSumExp(graph, logits, vocabSize);
  const columns = graph.node('Unsqueeze', [targets, graph.ints([1])]);
  const picked = graph.node('Squeeze', [graph.node('GatherElements', [logits, columns], { axis: 1 }), graph.ints([1])]);
  graph.output(graph.node('Sub', [logSumExp, picked]), 'nll', 'float32', ['n']);
  graph.output(graph.node('Equal', [picked, most]), 'greedy', 'bool', ['n']);
  return logSumExp;
}

/**
 * The whole model for other programs: `input_ids`, int64 `[batch, sequence]`, to `logits`, float32 `[batch, sequence,
 * vocabulary]`. Positions count from 0: no padding, no cache.
 */
export function modelGraph(decoder: Decoder, options: Omit<GraphOptions, 'packed'>): Uint8Array {
  const graph = new Graph('model');
  const ids = graph.input('input_ids', 'int64', ['batch', 'sequence']);
  const shape = graph.node('Shape', [ids]);
  const length = graph.node('Gather', [shape, graph.ints([1], [])]);
  const counted = graph.node('Range', [graph.ints([0], []), length, graph.ints([1], [])]);
  const positions = graph.node('Expand', [counted, shape]);
  const scope: Scope = { graph, positions, shared: new Map(), arrays: new Map(), ...options };
  const embedded = lowerEmbedding(scope, decoder, ids);
  const x = decoder.blocks.reduce((value, block) => lowerBlock(scope, block, value), embedded);
  const logits = lowerLogits(graph, options.parameters, decoder, lowerEnd(scope, decoder, x));
  const dims = ['batch', 'sequence', decoder.vocabSize];
  graph.output(splitBatch(scope, logits, [decoder.vocabSize]), 'logits', 'float32', dims);
  return graph.encode();
}

/** `hidden` `[n, width]` to logits `[n, vocabulary]`. */
export function lowerLogits(graph: Graph, parameters: Parameters, { head }: Decoder, hidden: Value): Value {
  const { weight, bias, softCap } = head;
  const product = [hidden, parameters.value(graph, weight), ...(bias ? [parameters.value(graph, bias)] : [])];
  const logits = graph.node('Gemm', product, { transB: weight.transposed ? 0 : 1 });
  if (softCap === undefined) return logits;
  const cap = graph.scalar(softCap);
  return graph.node('Mul', [graph.node('Tanh', [graph.node('Div', [logits, cap])]), cap]);
}

export function startGraph(name: string, options: GraphOptions): { graph: Graph; scope: Scope } {
  const { parameters, operators, lowering, packed, parts, maxLength } = options;
  const graph = new Graph(name);
  const positions = graph.input('positions', 'int64', ['batch', 'sequence']);
  const rows = packed ? declareRows(graph) : undefined;
  const caches = { shared: new Map(), arrays: new Map() };
  return { graph, scope: { graph, parameters, operators, lowering, positions, rows, parts, maxLength, ...caches } };
}

function declareRows(graph: Graph): Rows {
  return {
    slots: graph.input('slots', 'int64', ['rows', 'length']),
    ends: graph.input('ends', 'int64', ['rows', 'keys']),
    places: graph.input('places', 'int64', ['tokens']),
  };
}

/** Token and position embedding, `[tokens, hidden]`. */
export function lowerEmbedding(scope: Scope, { embedding }: Decoder, ids: Value): Value {
  const { graph, parameters } = scope;
  const flat = (x: Value): Value => graph.node('Reshape', [x, graph.ints([-1])]);
  let x = parameters.rows(graph, embedding.token, flat(ids));
  if (embedding.scale !== undefined) x = graph.node('Mul', [x, graph.scalar(embedding.scale)]);
  if (embedding.projection) x = lowerLinear(scope, embedding.projection, x);
  if (embedding.position) {
    const { table, offset } = embedding.position;
    const rows = graph.node('Add', [flat(scope.positions), graph.ints([offset], [])]);
    x = graph.node('Add', [x, parameters.rows(graph, table, rows)]);
  }
  return embedding.norm ? lowerNorm(scope, embedding.norm, x) : x;
}

/** Final norm and output projection: `[n, hidden]` to what the head takes. */
export function lowerEnd(scope: Scope, { finalNorm, outputProjection }: Decoder, x: Value): Value {
  const normed = finalNorm ? lowerNorm(scope, finalNorm, x) : x;
  return outputProjection ? lowerLinear(scope, outputProjection, normed) : normed;
}
