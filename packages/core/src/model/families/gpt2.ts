import type { ConfigReader } from '../config-reader.js';
import type { Block, Decoder } from '../decoder.js';
import type { Family, TensorNames } from './family.js';
import { activations, embeddingAndHead, findPrefix, layerNorm, linear, readBlockCount } from './parts.js';

/** GPT-2: learned positions, LayerNorm, one fused linear for query, key and value, weights stored as `[cols, rows]`. */
export const gpt2: Family = {
  name: 'gpt2',
  modelTypes: ['gpt2'],
  architectures: ['GPT2LMHeadModel', 'GPT2Model'],
  // An old name of n_positions.
  neutralKeys: { n_ctx: true },
  unusedTensors: [/\.attn\.(bias|masked_bias)$/],
  decoder,
};

function decoder(config: ConfigReader, tensors: TensorNames): Decoder {
  const hiddenSize = config.integer('n_embd');
  const vocabSize = config.integer('vocab_size');
  const contextLength = config.integer('n_positions', { fallback: 1024 });
  const epsilon = config.number('layer_norm_epsilon', { fallback: 1e-5, min: 0 });
  const prefix = findPrefix(tensors, 'h.0.ln_1.weight', ['transformer.', '']);
  const tied = config.boolean('tie_word_embeddings', true);
  const names = { embedding: `${prefix}wte.weight`, head: 'lm_head.weight', tied };
  const { token, head } = embeddingAndHead(tensors, names, [vocabSize, hiddenSize]);
  const position = { tensor: `${prefix}wpe.weight`, shape: [contextLength, hiddenSize] };
  return {
    family: 'gpt2',
    vocabSize,
    hiddenSize,
    contextLength,
    embedding: { token, position: { table: position, offset: 0 } },
    blocks: readBlocks(config, prefix, hiddenSize, epsilon),
    finalNorm: layerNorm(`${prefix}ln_f`, hiddenSize, epsilon),
    outputProjection: undefined,
    head,
  };
}

function readBlocks(config: ConfigReader, prefix: string, hiddenSize: number, epsilon: number): Block[] {
  const heads = config.integer('n_head');
  if (hiddenSize % heads !== 0) config.fail('n_head', `a divisor of n_embd (${hiddenSize})`);
  const headDim = hiddenSize / heads;
  const inner = config.integer('n_inner', { fallback: 4 * hiddenSize });
  const activation = config.choice('activation_function', activations, 'gelu_new');
  const scale = config.boolean('scale_attn_weights', true) ? headDim ** -0.5 : 1;
  const isByIndex = config.boolean('scale_attn_by_inverse_layer_idx', false);
  return Array.from({ length: readBlockCount(config, 'n_layer') }, (_, index): Block => {
    const name = `${prefix}h.${index}`;
    const shape = (rows: number, cols: number) => ({ rows, cols, bias: true, transposed: true });
    return {
      index,
      normPlacement: 'pre',
      attentionNorm: layerNorm(`${name}.ln_1`, hiddenSize, epsilon),
      attention: {
        heads,
        kvHeads: heads,
        headDim,
        scale: isByIndex ? scale / (index + 1) : scale,
        inputs: [linear(`${name}.attn.c_attn`, 'qkv', shape(3 * hiddenSize, hiddenSize))],
        output: linear(`${name}.attn.c_proj`, 'o', shape(hiddenSize, hiddenSize)),
      },
      mlpNorm: layerNorm(`${name}.ln_2`, hiddenSize, epsilon),
      mlp: {
        activation,
        inputs: [linear(`${name}.mlp.c_fc`, 'up', shape(inner, hiddenSize))],
        down: linear(`${name}.mlp.c_proj`, 'down', shape(hiddenSize, inner)),
      },
    };
  });
}
