import type { Family } from './family.js';
import { llamaLike } from './llama-like.js';

/** Llama 1 to 3, SmolLM2, TinyLlama and all that keep its layout. */
export const llama: Family = {
  name: 'llama',
  modelTypes: ['llama'],
  architectures: ['LlamaForCausalLM', 'LLaMAForCausalLM', 'LlamaModel'],
  // What the original release and Vicuna called the context; transformers reads max_position_embeddings.
  neutralKeys: { max_sequence_length: true, model_max_length: true },
  unusedTensors: [/\.rotary_emb\.inv_freq$/],
  decoder: (config, tensors) => {
    const hasBias = config.boolean('attention_bias', false);
    return llamaLike(config, tensors, {
      family: 'llama',
      queryKeyValueBias: hasBias,
      outputBias: hasBias,
      mlpBias: config.boolean('mlp_bias', false),
      headNorm: false,
    });
  },
};
