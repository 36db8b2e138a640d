import type { NeutralKeys } from './config-reader.js';
import { isJsonObject } from './json.js';

const is =
  (...allowed: unknown[]) =>
  (value: unknown): boolean =>
    allowed.includes(value);

const isEmpty = (value: unknown): boolean => isJsonObject(value) && Object.keys(value).length === 0;

const always = (...keys: string[]): NeutralKeys => Object.fromEntries(keys.map((key) => [key, true]));

/**
 * Config keys of transformers that leave the float32 forward pass of a causal decoder alone. Every other key must be
 * read by the family, or be null or false, or the checkpoint is refused (CONFIG_KEY).
 */
export const neutralKeys: NeutralKeys = {
  // Where it came from and how it is stored; weights are widened to float32 whatever dtype the config names.
  ...always('_name_or_path', '_commit_hash', 'transformers_version', 'transformers.js_config', 'architectures'),
  ...always('model_type', 'dtype', 'torch_dtype', 'use_bfloat16', 'torchscript', 'tokenizer_class', 'prefix'),
  ...always('unsloth_version', 'unsloth_fixed', 'finetuning_task', 'license'),
  // Token ids and text handling.
  ...always('bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'unk_token_id', 'decoder_start_token_id'),
  // Training only.
  ...always('initializer_range', 'init_std', 'attention_dropout', 'dropout', 'hidden_dropout', 'activation_dropout'),
  ...always('resid_pdrop', 'embd_pdrop', 'attn_pdrop', 'classifier_dropout', 'layerdrop', 'gradient_checkpointing'),
  ...always('initializer_factor', 'torch_compile', 'z_loss_coefficient'),
  // How a computation is carried out, not what it computes.
  ...always('use_cache', '_attn_implementation', '_attn_implementation_autoset', 'attn_implementation'),
  ...always(
    'pretraining_tp',
    'reorder_and_upcast_attn',
    'use_flash_attention',
    'use_flash_attn',
    '_flash_attn_2_enabled',
  ),
  // Outputs asked for, and heads other than the language model's.
  ...always('output_attentions', 'output_hidden_states', 'output_scores', 'return_dict', 'return_dict_in_generate'),
  ...always('summary_type', 'summary_use_proj', 'summary_activation', 'summary_proj_to_labels'),
  ...always('summary_first_dropout', 'problem_type', 'id2label', 'label2id', 'num_labels', 'task_specific_params'),
  // Generation settings that older configs carry.
  ...always('do_sample', 'early_stopping', 'max_length', 'min_length', 'max_new_tokens', 'num_beams'),
  ...always('num_beam_groups', 'num_return_sequences', 'temperature', 'top_k', 'top_p', 'typical_p'),
  ...always('repetition_penalty', 'length_penalty', 'diversity_penalty', 'no_repeat_ngram_size'),
  ...always('encoder_no_repeat_ngram_size', 'bad_words_ids', 'begin_suppress_tokens', 'suppress_tokens'),
  ...always('forced_bos_token_id', 'forced_eos_token_id', 'remove_invalid_values', 'exponential_decay_length_penalty'),
  // Neutral as long as they ask for nothing.
  chunk_size_feed_forward: is(0),
  partial_rotary_factor: is(1),
  pruned_heads: isEmpty,
  is_llama_config: is(true),
  is_decoder: is(true),
};
