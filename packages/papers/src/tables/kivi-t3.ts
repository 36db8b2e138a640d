import { elsewhere, gsm8k } from '../measures.js';
import { unknownTask } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { cacheAccuracy, floatAccuracy } from '../tolerances.js';

const seven = ['meta-llama/Llama-2-7b-hf'] as const;
const lines = [
  { method: '16 bits', recipe: 'float', values: [63.88, 30.76, 13.5] },
  { method: 'KIVI-4', recipe: 'kivi-4', values: [63.78, 30.8, 13.8] },
  { method: 'KIVI-2', recipe: 'kivi-2', values: [63.05, 33.95, 12.74] },
] as const;
const protocol = "The paper does not name the harness's version and filter; five examples and the strict match here.";
const prompt = 'Its code reads the prompt by exact keys and values; here they are rounded as if decoded one by one.';

export const kiviT3 = defineTable({
  name: 'kivi-t3',
  title: 'KIVI, table 3: generation by Llama-2-7B',
  source: 'Liu et al. 2024 (arXiv:2402.02750), table 3, as a reproduction guide quotes it',
  notes: ['Groups of 32, a window of 128.'],
  rows: lines.flatMap(({ method, recipe, values: [coqa, truthfulqa, gsm] }) => [
    ...uncovered(seven, { method, setting: recipe, measure: elsewhere('CoQA', 'score'), reason: unknownTask('CoQA') }, [
      coqa,
    ]),
    ...uncovered(
      seven,
      {
        method,
        setting: recipe,
        measure: elsewhere('TruthfulQA', 'BLEU'),
        reason: unknownTask('TruthfulQA by generation'),
      },
      [truthfulqa],
    ),
    ...series(
      seven,
      {
        ...{ method, recipe, measure: gsm8k, tolerance: recipe === 'float' ? floatAccuracy : cacheAccuracy },
        notes: recipe === 'float' ? [protocol] : [protocol, prompt],
      },
      [gsm],
    ),
  ]),
});
