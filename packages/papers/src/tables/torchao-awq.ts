import { wordPerplexity } from '../measures.js';
import { unknownMethod } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { bfloat16Perplexity } from '../tolerances.js';

const eight = ['meta-llama/Meta-Llama-3-8B-Instruct'] as const;
const line = (method: string, reason: string, value: number) =>
  uncovered(eight, { method, setting: '4 bits', measure: wordPerplexity, reason }, [value]);

export const torchaoAwq = defineTable({
  name: 'torchao-awq',
  title: "torchao, AWQ README: lm-evaluation-harness's wikitext",
  source: 'pytorch/ao, AWQ README',
  notes: ['Perplexity by word, windows of the whole context.'],
  rows: [
    ...series(
      eight,
      { method: 'bf16', recipe: 'float', measure: wordPerplexity, tolerance: bfloat16Perplexity },
      [10.936],
    ),
    ...line('awq-hqq', unknownMethod('HQQ'), 11.383),
    ...line('awq-uint4', 'its README does not say what it was calibrated on', 11.409),
    ...line('hqq', unknownMethod('HQQ'), 11.905),
    ...line('int4 g128', "torchao's grid keeps a real zero point, which no grid of Lowbit does", 12.38),
  ],
});
