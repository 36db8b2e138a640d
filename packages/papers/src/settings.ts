import type { ModelId } from './models.js';

type Models = readonly ModelId[];

export const optModels = [
  'facebook/opt-125m',
  'facebook/opt-350m',
  'facebook/opt-1.3b',
  'facebook/opt-2.7b',
  'facebook/opt-6.7b',
  'facebook/opt-13b',
  'facebook/opt-30b',
  'facebook/opt-66b',
  'facebook/opt-175b',
] as const satisfies Models;

export const llamas = [
  'huggyllama/llama-7b',
  'huggyllama/llama-13b',
  'huggyllama/llama-30b',
  'huggyllama/llama-65b',
] as const satisfies Models;

export const llama2s = [
  'meta-llama/Llama-2-7b-hf',
  'meta-llama/Llama-2-13b-hf',
  'meta-llama/Llama-2-70b-hf',
] as const satisfies Models;

export const llama2Pair = ['meta-llama/Llama-2-7b-hf', 'meta-llama/Llama-2-13b-hf'] as const satisfies Models;

export const llama3Pair = ['meta-llama/Meta-Llama-3-8B', 'meta-llama/Meta-Llama-3-70B'] as const satisfies Models;

/** GPTQ's own draws: 128 x 2,048 tokens, seed 0. */
export const fromC4 = 'c4,samples=128,sequenceLength=2048,seed=0';
export const fromWikitext2 = 'wikitext2,samples=128,sequenceLength=2048,seed=0';

/** In place of the Pile's validation documents, which no source gives any more: C4 in their number and length. */
export const insteadOfPile = (samples: number, sequenceLength = 512): string =>
  `c4,samples=${samples},sequenceLength=${sequenceLength},seed=0`;
export const pileNote =
  "The paper calibrates on the Pile's validation documents, which are no longer given out; C4 in the same number and length here.";

export const unknownMethod = (name: string): string => `${name} is not a method of Lowbit`;
export const unknownTask = (name: string): string => `${name} is not a task of Lowbit`;
export const unknownFamily = (name: string): string => `${name} is not a model family of Lowbit`;
