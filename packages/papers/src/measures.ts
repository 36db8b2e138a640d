/** What a value of a table is a value of. */
export interface Measure {
  /** Of Lowbit where it has it, else in the paper's words. */
  task: string;
  metric: string;
  /** Tokens a window, where the task has windows. */
  window?: number | undefined;
  /** Only the first windows or documents: of stand-ins. */
  windows?: number | undefined;
  limit?: number | undefined;
  /** Worked examples, where the paper's number is not the task's own. */
  fewShot?: number | undefined;
  /** A share that papers print times 100. */
  percent?: boolean | undefined;
}

const perplexity = (task: string, window = 2048): Measure => ({ task, metric: 'perplexity', window });
const share = (task: string, metric: string): Measure => ({ task, metric, percent: true });

/** Perplexity of the WikiText-2 test split, windows of 2,048 tokens. */
export const wikitext2 = perplexity('wikitext2');
/** GPTQ's first sampler, and its `new` one. */
export const c4 = perplexity('c4');
export const c4New = perplexity('c4_new');
export const ptbNew = perplexity('ptb_new');
/** llama.cpp's own rule. */
export const wikitext2Llama = perplexity('wikitext2_llama', 512);
/** lm-evaluation-harness's `wikitext`, by word. */
export const wordPerplexity: Measure = { task: 'wikitext', metric: 'wordPerplexity' };
export const gsm8k = share('gsm8k', 'exactMatch,strict-match');

/** QuaRot's six tasks and their mean. */
export const zeroShot = {
  piqa: share('piqa', 'accNorm'),
  winogrande: share('winogrande', 'acc'),
  hellaswag: share('hellaswag', 'accNorm'),
  arcEasy: share('arc_easy', 'accNorm'),
  arcChallenge: share('arc_challenge', 'accNorm'),
  lambada: share('lambada_openai', 'acc'),
  mean: share('zero-shot-common', 'meanAcc'),
};

/** auto-round's eleven tasks, without examples, MMLU too. */
export const elevenTasks: Measure = { ...share('zero-shot-auto-round', 'meanAcc'), fewShot: 0 };

/** Of what Lowbit has no task for, in the paper's words and unit. */
export function elsewhere(task: string, metric: string): Measure {
  return { task, metric };
}
