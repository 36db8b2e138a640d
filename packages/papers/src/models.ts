import { readDecoder } from '@lowbit/core';
import type { Decoder, JsonObject } from '@lowbit/core';

/** What is known of a checkpoint before it is there: enough to say what it weighs and costs. */
export interface PaperModel {
  /** The config's keys that give shapes; those that change only the arithmetic are left out. */
  config: JsonObject;
  /** Whose tokens its text makes. */
  tokenizer: 'gpt2' | 'llama' | 'llama3' | 'mistral' | 'smollm2' | 'stories';
  /** Of a stored weight. */
  bytesPerWeight: number;
  /** Where it is to be had, when it is not the hub under its id. */
  origin?: string | undefined;
}

const half = 2;

function opt(hidden: number, layers: number, heads: number, more: JsonObject = {}): PaperModel {
  const config = {
    ...{ model_type: 'opt', hidden_size: hidden, num_hidden_layers: layers, num_attention_heads: heads },
    ...{ ffn_dim: 4 * hidden, vocab_size: 50272, max_position_embeddings: 2048 },
    ...more,
  };
  return { config, tokenizer: 'gpt2', bytesPerWeight: half };
}

interface LlamaShape {
  hidden: number;
  layers: number;
  heads: number;
  kvHeads?: number;
  inner: number;
  vocab?: number;
  context: number;
}

function llama(
  { hidden, layers, heads, kvHeads = heads, inner, vocab = 32000, context }: LlamaShape,
  tokenizer: PaperModel['tokenizer'] = 'llama',
  type = 'llama',
): PaperModel {
  const config = {
    ...{ model_type: type, hidden_size: hidden, num_hidden_layers: layers, num_attention_heads: heads },
    ...{ num_key_value_heads: kvHeads, intermediate_size: inner, vocab_size: vocab, max_position_embeddings: context },
  };
  return { config, tokenizer, bytesPerWeight: half };
}

const sevens = { hidden: 4096, layers: 32, heads: 32, inner: 11008 };
const thirteens = { hidden: 5120, layers: 40, heads: 40, inner: 13824 };
const seventies = { hidden: 8192, layers: 80, heads: 64, kvHeads: 8, inner: 28672 };
const llama3 = { vocab: 128256, context: 8192 };
const eights = { hidden: 4096, layers: 32, heads: 32, kvHeads: 8, inner: 14336 };

/** By hub id. */
export const paperModels = {
  'facebook/opt-125m': opt(768, 12, 12),
  'facebook/opt-350m': opt(1024, 24, 16, { word_embed_proj_dim: 512, do_layer_norm_before: false }),
  'facebook/opt-1.3b': opt(2048, 24, 32),
  'facebook/opt-2.7b': opt(2560, 32, 32),
  'facebook/opt-6.7b': opt(4096, 32, 32),
  'facebook/opt-13b': opt(5120, 40, 40),
  'facebook/opt-30b': opt(7168, 48, 56),
  'facebook/opt-66b': opt(9216, 64, 72),
  'facebook/opt-175b': { ...opt(12288, 96, 96), origin: 'given by Meta on request only' },
  'huggyllama/llama-7b': llama({ ...sevens, context: 2048 }),
  'huggyllama/llama-13b': llama({ ...thirteens, context: 2048 }),
  'huggyllama/llama-30b': llama({ hidden: 6656, layers: 60, heads: 52, inner: 17920, context: 2048 }),
  'huggyllama/llama-65b': llama({ hidden: 8192, layers: 80, heads: 64, inner: 22016, context: 2048 }),
  'meta-llama/Llama-2-7b-hf': llama({ ...sevens, context: 4096 }),
  'meta-llama/Llama-2-13b-hf': llama({ ...thirteens, context: 4096 }),
  'meta-llama/Llama-2-70b-hf': llama({ ...seventies, context: 4096 }),
  'meta-llama/Meta-Llama-3-8B': llama({ ...eights, ...llama3 }, 'llama3'),
  'meta-llama/Meta-Llama-3-70B': llama({ ...seventies, ...llama3 }, 'llama3'),
  'meta-llama/Meta-Llama-3-8B-Instruct': llama({ ...eights, ...llama3 }, 'llama3'),
  'meta-llama/Llama-3.1-8B': llama({ ...eights, ...llama3, context: 131072 }, 'llama3'),
  'mistralai/Mistral-7B-v0.1': llama({ ...eights, context: 32768 }, 'mistral', 'mistral'),
  'lowbit/SmolLM2-135M-Instruct': {
    ...llama({ hidden: 576, layers: 30, heads: 9, kvHeads: 3, inner: 1536, vocab: 49152, context: 8192 }, 'smollm2'),
    origin: 'made from a 4-bit file by make-smollm2.py, not the weights of the hub',
  },
  'lowbit/stories260k': {
    ...llama({ hidden: 64, layers: 5, heads: 8, kvHeads: 4, inner: 172, vocab: 512, context: 512 }, 'stories'),
    bytesPerWeight: 4,
    origin: 'embedded in Lowbit',
  },
} satisfies Record<string, PaperModel>;

export type ModelId = keyof typeof paperModels;

/** Ids whose head is the embedding. */
const tied: readonly string[] = ['lowbit/SmolLM2-135M-Instruct', 'lowbit/stories260k'];

/** The decoder of a model that is not there, as its config would describe it. */
export function knownDecoder(id: ModelId): Decoder {
  const { config }: PaperModel = paperModels[id];
  const isTied = config['model_type'] === 'opt' || tied.includes(id);
  return readDecoder(
    { ...config, tie_word_embeddings: isTied },
    { has: (name) => !isTied || !name.startsWith('lm_head') },
    id,
  );
}
