import type { Family } from './family.js';
import { llamaLike } from './llama-like.js';
import { mistralWindows } from './windows.js';

/** Mistral 7B and its kin: Llama with a sliding window. */
export const mistral: Family = {
  name: 'mistral',
  modelTypes: ['mistral'],
  architectures: ['MistralForCausalLM', 'MistralModel'],
  unusedTensors: [/\.rotary_emb\.inv_freq$/],
  decoder: (config, tensors) =>
    llamaLike(config, tensors, {
      family: 'mistral',
      queryKeyValueBias: false,
      outputBias: false,
      mlpBias: false,
      headNorm: false,
      defaults: { kvHeads: 8 },
      windows: mistralWindows,
    }),
};
