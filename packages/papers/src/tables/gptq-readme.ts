import { wikitext2 } from '../measures.js';
import { fromC4, llamas } from '../settings.js';
import { defineTable, series } from '../table.js';
import { gptqPerplexity3, gptqPerplexity4, rtnPerplexity } from '../tolerances.js';

const four = { calibration: fromC4, measure: wikitext2, tolerance: gptqPerplexity4 };
const three = { calibration: fromC4, measure: wikitext2, tolerance: gptqPerplexity3 };

export const gptqReadme = defineTable({
  name: 'gptq-readme',
  title: 'GPTQ, README: LLaMA on WikiText-2',
  source: 'IST-DASLab/gptq, README (2d65066)',
  notes: ["LLaMA's rows with act-order and true-sequential order; its script leaves groups out of round to nearest."],
  rows: [
    ...series(
      llamas,
      {
        method: 'RTN, 4 bits',
        recipe: 'rtn(bits=4,grid=gptq,symmetric=false)',
        measure: wikitext2,
        tolerance: rtnPerplexity,
      },
      [6.29, 5.53, 4.54, 3.92],
    ),
    ...series(llamas, { method: 'GPTQ, 4 bits', recipe: 'gptq-llama-w4', ...four }, [6.09, 5.36, 4.45, 3.84]),
    ...series(llamas, { method: 'GPTQ, 3 bits', recipe: 'gptq-llama-w3', ...three }, [8.07, 6.63, 5.69, 5.04]),
    ...series(
      llamas,
      { method: 'GPTQ, 3 bits, groups of 128', recipe: 'gptq-llama-w3-g128', ...three },
      [6.61, 5.62, 4.8, 4.17],
    ),
    ...series(
      ['huggyllama/llama-7b'],
      { method: 'GPTQ, 4 bits, without the two tricks', recipe: 'gptq-paper-w4', ...four },
      [7.15],
    ),
    ...series(
      ['huggyllama/llama-7b'],
      { method: 'GPTQ, 4 bits, with the two tricks', recipe: 'gptq-llama-w4', ...four },
      [6.09],
    ),
    ...series(
      ['facebook/opt-66b'],
      { method: 'GPTQ, 4 bits, without act-order', recipe: 'gptq-paper-w4', ...four },
      [9.55],
    ),
    ...series(
      ['facebook/opt-66b'],
      { method: 'GPTQ, 4 bits, act-order', recipe: 'gptq-opt-w4-actorder', ...four },
      [9.34],
    ),
  ],
});
