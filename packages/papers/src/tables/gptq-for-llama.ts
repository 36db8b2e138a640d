import { elsewhere, wikitext2 } from '../measures.js';
import { defineTable, series, uncovered } from '../table.js';
import { floatPerplexity } from '../tolerances.js';

const reason =
  'made from an early conversion of the checkpoint, whose tokenizer is not to be had, by settings that are not stated';
const seven = ['huggyllama/llama-7b'] as const;
const perplexityOf = (task: string) => elsewhere(task, 'perplexity');

export const gptqForLlama = defineTable({
  name: 'gptq-for-llama',
  title: 'GPTQ-for-LLaMa, README: LLaMA-7B',
  source: 'qwopqwop200/GPTQ-for-LLaMa, README',
  notes: ['PTB and C4 were tokenized by an early conversion of LLaMA; only WikiText-2 of the float model is run.'],
  rows: [
    ...['WikiText-2', 'PTB', 'C4'].flatMap((task, index) =>
      uncovered(seven, { method: 'GPTQ', setting: '4 bits, groups of 64', measure: perplexityOf(task), reason }, [
        [6.16, 9.66, 7.52][index] ?? NaN,
      ]),
    ),
    ...series(seven, { method: 'FP16', recipe: 'float', measure: wikitext2, tolerance: floatPerplexity }, [5.67]),
    ...['PTB', 'C4'].flatMap((task, index) =>
      uncovered(seven, { method: 'FP16', setting: 'float', measure: perplexityOf(task), reason }, [
        [8.79, 7.05][index] ?? NaN,
      ]),
    ),
  ],
});
