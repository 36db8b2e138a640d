import { wikitext2 } from '../measures.js';
import { fromC4, insteadOfPile, llama2s, llamas, pileNote } from '../settings.js';
import { defineTable, series } from '../table.js';
import { awqPerplexity, floatPerplexity, gptqPerplexity4, rtnPerplexity } from '../tolerances.js';

const float = { method: 'FP16', recipe: 'float', measure: wikitext2, tolerance: floatPerplexity };
const rtn = (bits: number) => ({
  method: `RTN, INT${bits} g128`,
  recipe: `rtn(bits=${bits},groupSize=128,grid=awq,symmetric=false)`,
  measure: wikitext2,
  tolerance: rtnPerplexity,
});
const reordered = {
  method: 'GPTQ-R, INT4 g128',
  recipe: 'gptq-llama-w4-g128',
  calibration: fromC4,
  measure: wikitext2,
  tolerance: gptqPerplexity4,
  notes: ["The paper says reorder only; true-sequential order as in GPTQ's own command for LLaMA."],
};
const awq = (bits: number) => ({
  method: `AWQ, INT${bits} g128`,
  recipe: `awq-w${bits}-g128`,
  calibration: insteadOfPile(128),
  measure: wikitext2,
  tolerance: awqPerplexity,
  notes: [pileNote],
});

export const awqT4 = defineTable({
  name: 'awq-t4',
  title: 'AWQ, table 4: LLaMA and Llama-2 on WikiText-2',
  source: 'Lin et al. 2024 (arXiv:2306.00978), table 4',
  notes: [],
  rows: [
    ...series(llama2s, float, [5.47, 4.88, 3.32]),
    ...series(llamas, float, [5.68, 5.09, 4.1, 3.53]),
    ...series(llama2s, rtn(4), [5.73, 4.98, 3.46]),
    ...series(llamas, rtn(4), [5.96, 5.25, 4.23, 3.67]),
    ...series(llama2s, reordered, [5.63, 4.99, 3.43]),
    ...series(llamas, reordered, [5.83, 5.2, 4.22, 3.66]),
    ...series(llama2s, awq(4), [5.6, 4.97, 3.41]),
    ...series(llamas, awq(4), [5.78, 5.19, 4.21, 3.62]),
    ...series(llama2s, rtn(3), [6.66, 5.52, 3.98]),
    ...series(llamas, rtn(3), [7.01, 5.88, 4.88, 4.24]),
    ...series(llama2s, awq(3), [6.24, 5.32, 3.74]),
    ...series(llamas, awq(3), [6.35, 5.52, 4.61, 3.95]),
  ],
});
