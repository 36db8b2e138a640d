import type { ConfigReader } from '../config-reader.js';
import type { Block, Decoder } from '../decoder.js';
import type { Family, TensorNames } from './family.js';
import { activations, embeddingAndHead, findPrefix, layerNorm, linear, readBlockCount } from './parts.js';

/** torch's LayerNorm default; OPT's config has no key for it. */
const EPSILON = 1e-5;
/** The position table's first two rows are unused: positions start at row 2. */
const POSITION_OFFSET = 2;

/** OPT: learned positions, LayerNorm before (most sizes) or after (350M) each part, embeddings that may be projected. */
export const opt: Family = {
  name: 'opt',
  modelTypes: ['opt'],
  architectures: ['OPTForCausalLM', 'OPTModel'],
  decoder,
};

function decoder(config: ConfigReader, tensors: TensorNames): Decoder {
  const hiddenSize = config.integer('hidden_size');
  const vocabSize = config.integer('vocab_size');
  const contextLength = config.integer('max_position_embeddings', { fallback: 2048 });
  const width = config.integer('word_embed_proj_dim', { fallback: hiddenSize });
  const isPre = config.boolean('do_layer_norm_before', true);
  const hasFinalNorm = !config.boolean('_remove_final_layer_norm', false) && isPre;
  if (!config.boolean('layer_norm_elementwise_affine', true))
    config.fail('layer_norm_elementwise_affine', 'true: a LayerNorm without weight and bias is not supported');
  const prefix = findPrefix(tensors, 'layers.0.fc1.weight', ['model.decoder.', 'decoder.', '']);
  const projection = (name: string, rows: number, cols: number) =>
    width === hiddenSize ? undefined : linear(prefix + name, 'projection', { rows, cols, bias: false });
  const position = { tensor: `${prefix}embed_positions.weight`, shape: [contextLength + POSITION_OFFSET, hiddenSize] };
  const tied = config.boolean('tie_word_embeddings', true);
  const names = { embedding: `${prefix}embed_tokens.weight`, head: 'lm_head.weight', tied };
  const { token, head } = embeddingAndHead(tensors, names, [vocabSize, width]);
  return {
    family: 'opt',
    vocabSize,
    hiddenSize,
    contextLength,
    embedding: {
      token,
      position: { table: position, offset: POSITION_OFFSET },
      projection: projection('project_in', hiddenSize, width),
    },
    blocks: readBlocks(config, prefix, hiddenSize, isPre),
    finalNorm: hasFinalNorm ? layerNorm(`${prefix}final_layer_norm`, hiddenSize, EPSILON) : undefined,
    outputProjection: projection('project_out', width, hiddenSize),
    head,
  };
}

function readBlocks(config: ConfigReader, prefix: string, hiddenSize: number, isPre: boolean): Block[] {
  const heads = config.integer('num_attention_heads');
  if (hiddenSize % heads !== 0) config.fail('num_attention_heads', `a divisor of hidden_size (${hiddenSize})`);
  const headDim = hiddenSize / heads;
  const inner = config.integer('ffn_dim');
  const bias = config.boolean('enable_bias', true);
  const activation = config.choice('activation_function', activations, 'relu');
  return Array.from({ length: readBlockCount(config, 'num_hidden_layers') }, (_, index): Block => {
    const name = `${prefix}layers.${index}`;
    const square = { rows: hiddenSize, cols: hiddenSize, bias };
    const input = (role: 'q' | 'k' | 'v') => linear(`${name}.self_attn.${role}_proj`, role, square);
    return {
      index,
      normPlacement: isPre ? 'pre' : 'post',
      attentionNorm: layerNorm(`${name}.self_attn_layer_norm`, hiddenSize, EPSILON),
      attention: {
        heads,
        kvHeads: heads,
        headDim,
        scale: headDim ** -0.5,
        inputs: [input('q'), input('k'), input('v')],
        output: linear(`${name}.self_attn.out_proj`, 'o', square),
      },
      mlpNorm: layerNorm(`${name}.final_layer_norm`, hiddenSize, EPSILON),
      mlp: {
        activation,
        inputs: [linear(`${name}.fc1`, 'up', { rows: inner, cols: hiddenSize, bias })],
        down: linear(`${name}.fc2`, 'down', { rows: hiddenSize, cols: inner, bias }),
      },
    };
  });
}
