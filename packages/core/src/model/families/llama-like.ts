import type { ConfigReader } from '../config-reader.js';
import type { Attention, Block, Decoder, Mlp } from '../decoder.js';
import { readRope } from '../rope.js';
import type { TensorNames } from './family.js';
import { activations, embeddingAndHead, findPrefix, linear, readBlockCount, rmsNorm } from './parts.js';

/** Where the families that follow Llama's layout differ. */
export interface LlamaVariant {
  family: string;
  queryKeyValueBias: boolean;
  outputBias: boolean;
  mlpBias: boolean;
  /** RMSNorm over each head of query and key. */
  headNorm: boolean;
  /** Used where the config has no key of that name; undefined: hidden size / heads, and as many as heads. */
  defaults?: { headDim?: number; kvHeads?: number };
  /** Attention window of each block; absent: none has one. */
  windows?(config: ConfigReader, blocks: number): (number | undefined)[];
}

/** RMSNorm, grouped-query attention with half-split rotary embedding, gated MLP: Llama and its kin. */
export function llamaLike(config: ConfigReader, tensors: TensorNames, variant: LlamaVariant): Decoder {
  const hiddenSize = config.integer('hidden_size');
  const vocabSize = config.integer('vocab_size');
  const blockCount = readBlockCount(config, 'num_hidden_layers');
  const epsilon = config.number('rms_norm_eps', { fallback: 1e-6, min: 0 });
  const intermediateSize = config.integer('intermediate_size');
  const activation = config.choice('hidden_act', activations, 'silu');
  const windows = variant.windows?.(config, blockCount);
  const shape = readHeads(config, hiddenSize, variant);
  const { heads, kvHeads, headDim } = shape;
  const { rope, contextLength } = readRope(config, headDim);
  const prefix = findPrefix(tensors, 'layers.0.input_layernorm.weight', ['model.', '']);
  const attention = (name: string, window: number | undefined): Attention => {
    const input = (role: 'q' | 'k' | 'v', rows: number) =>
      linear(`${name}.${role}_proj`, role, { rows, cols: hiddenSize, bias: variant.queryKeyValueBias });
    return {
      heads,
      kvHeads,
      headDim,
      scale: headDim ** -0.5,
      window,
      rope,
      inputs: [input('q', heads * headDim), input('k', kvHeads * headDim), input('v', kvHeads * headDim)],
      queryNorm: variant.headNorm ? rmsNorm(`${name}.q_norm`, headDim, epsilon) : undefined,
      keyNorm: variant.headNorm ? rmsNorm(`${name}.k_norm`, headDim, epsilon) : undefined,
      output: linear(`${name}.o_proj`, 'o', { rows: hiddenSize, cols: heads * headDim, bias: variant.outputBias }),
    };
  };
  const mlp = (name: string): Mlp => {
    const bias = variant.mlpBias;
    const input = (role: 'gate' | 'up') =>
      linear(`${name}.${role}_proj`, role, { rows: intermediateSize, cols: hiddenSize, bias });
    const down = linear(`${name}.down_proj`, 'down', { rows: hiddenSize, cols: intermediateSize, bias });
    return { activation, inputs: [input('gate'), input('up')], down };
  };
  const blocks = Array.from({ length: blockCount }, (_, index): Block => {
    const name = `${prefix}layers.${index}`;
    return {
      index,
      normPlacement: 'pre',
      attentionNorm: rmsNorm(`${name}.input_layernorm`, hiddenSize, epsilon),
      attention: attention(`${name}.self_attn`, windows?.[index]),
      mlpNorm: rmsNorm(`${name}.post_attention_layernorm`, hiddenSize, epsilon),
      mlp: mlp(`${name}.mlp`),
    };
  });
  const tied = config.boolean('tie_word_embeddings', false);
  const names = { embedding: `${prefix}embed_tokens.weight`, head: 'lm_head.weight', tied };
  const { token, head } = embeddingAndHead(tensors, names, [vocabSize, hiddenSize]);
  return {
    family: variant.family,
    vocabSize,
    hiddenSize,
    contextLength,
    embedding: { token },
    blocks,
    finalNorm: rmsNorm(`${prefix}norm`, hiddenSize, epsilon),
    outputProjection: undefined,
    head,
  };
}

function readHeads(config: ConfigReader, hiddenSize: number, { defaults = {} }: LlamaVariant) {
  const heads = config.integer('num_attention_heads');
  // Null means "as many as heads" and "hidden size / heads" in every family; absent means the family's own default.
  const kvDefault = config.states('num_key_value_heads') ? undefined : defaults.kvHeads;
  const kvHeads = config.integer('num_key_value_heads', { fallback: kvDefault ?? heads });
  if (heads % kvHeads !== 0) config.fail('num_key_value_heads', `a divisor of num_attention_heads (${heads})`);
  const dimDefault = config.states('head_dim') ? undefined : defaults.headDim;
  if (!config.has('head_dim') && dimDefault === undefined && hiddenSize % heads !== 0)
    config.fail('num_attention_heads', `a divisor of hidden_size (${hiddenSize}) where head_dim is not given`);
  const headDim = config.integer('head_dim', { fallback: dimDefault ?? hiddenSize / heads });
  return { heads, kvHeads, headDim };
}
