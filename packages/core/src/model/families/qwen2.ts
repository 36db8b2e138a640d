import type { Family } from './family.js';
import { llamaLike } from './llama-like.js';
import { qwenWindowKeys, qwenWindows } from './windows.js';

/** Qwen 2 and 2.5: Llama with biases on query, key and value alone. */
export const qwen2: Family = {
  name: 'qwen2',
  modelTypes: ['qwen2'],
  architectures: ['Qwen2ForCausalLM', 'Qwen2Model'],
  neutralKeys: qwenWindowKeys,
  unusedTensors: [/\.rotary_emb\.inv_freq$/],
  decoder: (config, tensors) =>
    llamaLike(config, tensors, {
      family: 'qwen2',
      queryKeyValueBias: true,
      outputBias: false,
      mlpBias: false,
      headNorm: false,
      defaults: { kvHeads: 32 },
      windows: qwenWindows,
    }),
};
