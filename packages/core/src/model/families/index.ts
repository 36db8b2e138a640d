import type { Family } from './family.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { opt } from './opt.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';

export type { Family, TensorNames } from './family.js';

/** Every family that is supported. A new one is a file and a row here. */
export const families: readonly Family[] = [llama, mistral, qwen2, qwen3, opt, gpt2];
