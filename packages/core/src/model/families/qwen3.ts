import type { Family } from './family.js';
import { llamaLike } from './llama-like.js';
import { qwenWindowKeys, qwenWindows } from './windows.js';

/** Qwen 3, dense: Llama with a norm over each query and key head, and a head size of its own. */
export const qwen3: Family = {
  name: 'qwen3',
  modelTypes: ['qwen3'],
  architectures: ['Qwen3ForCausalLM', 'Qwen3Model'],
  neutralKeys: qwenWindowKeys,
  decoder: (config, tensors) => {
    const hasBias = config.boolean('attention_bias', false);
    return llamaLike(config, tensors, {
      family: 'qwen3',
      queryKeyValueBias: hasBias,
      outputBias: hasBias,
      mlpBias: false,
      headNorm: true,
      defaults: { headDim: 128, kvHeads: 32 },
      windows: qwenWindows,
    });
  },
};
