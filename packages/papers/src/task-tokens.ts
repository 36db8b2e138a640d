import type { Decoder } from '@lowbit/core';
import type { Measure } from './measures.js';
import type { PaperModel } from './models.js';

/** What a task puts through a model: tokens computed, and of them those whose next token's loss is asked for. */
export interface TaskTokens {
  computed: number;
  scored: number;
}

/** WikiText-2's test split by tokenizer; Mistral's is taken for Llama's. */
const wikitext2Tokens: Record<PaperModel['tokenizer'], number> = {
  gpt2: 287_645,
  llama: 341_469,
  llama3: 288_768,
  mistral: 341_469,
  smollm2: 304_978,
  stories: 650_000,
};

/** Tokens of all documents by SmolLM2's tokenizer, contexts once; other tokenizers differ by a fifth. */
const documentTokens: Record<string, TaskTokens> = {
  piqa: { computed: 106_933, scored: 82_039 },
  winogrande: { computed: 57_115, scored: 14_293 },
  hellaswag: { computed: 1_687_978, scored: 1_175_079 },
  arc_easy: { computed: 106_983, scored: 41_154 },
  arc_challenge: { computed: 63_969, scored: 27_271 },
  lambada_openai: { computed: 422_038, scored: 7_221 },
  mmlu: { computed: 1_502_402, scored: 56_168 },
  truthfulqa_mc1: { computed: 197_878, scored: 44_112 },
  openbookqa: { computed: 12_484, scored: 6_676 },
  boolq: { computed: 528_430, scored: 6_540 },
  rte: { computed: 22_473, scored: 554 },
  // Five worked examples and 256 written tokens a question.
  gsm8k: { computed: 1_500_000, scored: 337_664 },
  wikitext: { computed: 292_000, scored: 291_941 },
  tinystories: { computed: 25_000, scored: 25_000 },
  story_continuation: { computed: 12_000, scored: 6_000 },
};

/** Documents of the tasks that a stand-in limits. */
const documents: Record<string, number> = { tinystories: 100, story_continuation: 90 };

/** Penn Treebank's test split by Llama's tokenizer. */
const ptbNewTokens = 113_000;

/** Of a task and a model, before anything is read; undefined where nothing is known of the task. */
export function countTaskTokens(
  { task, window, windows, limit }: Measure,
  { tokenizer }: PaperModel,
  { contextLength }: Pick<Decoder, 'contextLength'>,
): TaskTokens | undefined {
  const length = Math.min(window ?? 2048, contextLength);
  const most = (tokens: number): number => Math.min(windows ?? Infinity, Math.floor(tokens / length)) * length;
  if (task === 'wikitext2') return all(most(wikitext2Tokens[tokenizer]));
  if (task === 'wikitext2_llama') return half(most(wikitext2Tokens[tokenizer]));
  if (task === 'c4' || task === 'c4_new') return all((windows ?? 256) * length);
  if (task === 'ptb_new') return all(most(ptbNewTokens));
  const known = documentTokens[task];
  const share = limit === undefined ? 1 : Math.min(1, limit / (documents[task] ?? limit));
  return known && { computed: Math.round(known.computed * share), scored: Math.round(known.scored * share) };
}

function all(tokens: number): TaskTokens {
  return { computed: tokens, scored: tokens };
}

function half(tokens: number): TaskTokens {
  return { computed: tokens, scored: tokens / 2 };
}
