/**
 * What a checkpoint's `config.json` says the model computes, as plain data. A family file maps config keys and tensor
 * names to this; one graph builder serves all of them. Shapes are rows = outputs, cols = inputs.
 */
export interface Decoder {
  family: string;
  vocabSize: number;
  hiddenSize: number;
  /** Longest sequence the position encoding was trained for. */
  contextLength: number;
  embedding: Embedding;
  blocks: Block[];
  finalNorm: Norm | undefined;
  /** Linear from `hiddenSize` to the embedding's width, where they differ (OPT-350M). */
  outputProjection: Linear | undefined;
  head: Head;
}

/** Where a parameter lies in the checkpoint. */
export interface TensorView {
  tensor: string;
  shape: number[];
  /** Stored `[cols, rows]` (GPT-2's Conv1D); `shape` is as stored. */
  transposed?: boolean;
}

export interface Embedding {
  token: TensorView;
  /** Learned positions: row `position + offset` is added. */
  position?: { table: TensorView; offset: number } | undefined;
  /** Linear from the embedding's width to `hiddenSize`. */
  projection?: Linear | undefined;
  norm?: Norm | undefined;
  /** Multiplies the token embedding (Gemma). */
  scale?: number | undefined;
}

/** `rms`: x / rms(x) * weight; `layer`: LayerNorm with bias. `unitOffset`: the weight is stored minus one (Gemma). */
export interface Norm {
  kind: 'rms' | 'layer';
  name: string;
  epsilon: number;
  weight: TensorView;
  bias?: TensorView | undefined;
  unitOffset?: boolean | undefined;
}

/** One linear, y = x Wt + b. `name` is the module's name in the checkpoint, `role` its place in a block. */
export interface Linear {
  name: string;
  role: LinearRole;
  rows: number;
  cols: number;
  weight: TensorView;
  bias?: TensorView | undefined;
  /** What its output rows are, in order; a fused projection has several. */
  parts: LinearPart[];
}

export type LinearRole = 'q' | 'k' | 'v' | 'qkv' | 'o' | 'gate' | 'up' | 'gateUp' | 'down' | 'projection' | End;
/** What lies outside the blocks and is left float unless a step takes it in. */
export type End = 'embedding' | 'head';
export type LinearPart = 'query' | 'key' | 'value' | 'gate' | 'up' | 'output';

export interface Block {
  index: number;
  /** `pre`: x + f(norm(x)); `post`: norm(x + f(x)). */
  normPlacement: 'pre' | 'post';
  attentionNorm: Norm;
  attention: Attention;
  mlpNorm: Norm;
  mlp: Mlp;
}

export interface Attention {
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Multiplies the query-key products. */
  scale: number;
  /** A query sees itself and the `window - 1` positions before it; undefined: all before it. */
  window?: number | undefined;
  softCap?: number | undefined;
  rope?: Rope | undefined;
  /** The linears that produce query, key and value, in that order of parts: one fused or three. */
  inputs: Linear[];
  queryNorm?: Norm | undefined;
  keyNorm?: Norm | undefined;
  output: Linear;
}

/** Half-split rotary embedding over the first `dim` of each head. */
export interface Rope {
  dim: number;
  /** `dim / 2` angular frequencies, float32, with the config's scaling applied. */
  frequencies: number[];
  /** Multiplies cosine and sine (YaRN, LongRoPE); 1 otherwise. */
  magnitude: number;
}

export interface Mlp {
  activation: Activation;
  /** The linears that produce gate and up (or up alone), in that order of parts. */
  inputs: Linear[];
  down: Linear;
}

export type Activation = 'silu' | 'relu' | 'gelu' | 'geluTanh';

export interface Head {
  weight: TensorView;
  /** The embedding's own tensor. */
  tied: boolean;
  bias?: TensorView | undefined;
  softCap?: number | undefined;
}

/** The linears of a block that are quantized, in the order in which data meets them. */
export function blockLinears(block: Block): Linear[] {
  return [...block.attention.inputs, block.attention.output, ...block.mlp.inputs, block.mlp.down];
}

/** The same in true-sequential stages ({q,k,v}, {o}, {gate,up}, {down}): a stage's linears share one input. */
export function blockStages(block: Block): Linear[][] {
  return [block.attention.inputs, [block.attention.output], block.mlp.inputs, [block.mlp.down]];
}

/** The head as a linear: its rows are the vocabulary. */
export function headLinear({ head }: Decoder): Linear {
  return endLinear('lm_head', 'head', head.weight, head.bias);
}

/** The token embedding as a linear, whose rows are looked up in place of products. */
export function embeddingLinear({ embedding }: Decoder): Linear {
  const { token } = embedding;
  // Some files store a tied tensor under the head's name.
  const name = token.tensor === 'lm_head.weight' ? 'embed_tokens' : token.tensor.replace(/\.weight$/, '');
  return endLinear(name, 'embedding', token);
}

function endLinear(name: string, role: End, weight: TensorView, bias?: TensorView): Linear {
  const [first = 0, second = 0] = weight.shape;
  const [rows, cols] = weight.transposed ? [second, first] : [first, second];
  return { name, role, rows, cols, weight, bias, parts: ['output'] };
}

/** Rows of an attention part. */
export function partRows({ heads, kvHeads, headDim }: Attention, part: LinearPart): number {
  return (part === 'query' ? heads : kvHeads) * headDim;
}
