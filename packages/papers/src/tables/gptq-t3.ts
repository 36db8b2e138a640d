import { wikitext2 } from '../measures.js';
import { fromC4, optModels } from '../settings.js';
import { defineTable, series } from '../table.js';
import { floatPerplexity, gptqPerplexity3, gptqPerplexity4 } from '../tolerances.js';

export const gptqT3 = defineTable({
  name: 'gptq-t3',
  title: 'GPTQ, table 3: OPT on WikiText-2',
  source: 'Frantar et al. 2023 (arXiv:2210.17323), table 3',
  notes: ['A grid a row, asymmetric, without act-order or true-sequential order; 128 draws of C4.'],
  rows: [
    ...series(
      optModels,
      { method: 'full', recipe: 'float', measure: wikitext2, tolerance: floatPerplexity },
      [27.65, 22.0, 14.63, 12.47, 10.86, 10.13, 9.56, 9.34, 8.34],
    ),
    ...series(
      optModels,
      {
        method: 'GPTQ, 4 bits',
        recipe: 'gptq-paper-w4',
        calibration: fromC4,
        measure: wikitext2,
        tolerance: gptqPerplexity4,
      },
      [31.12, 24.24, 15.47, 12.87, 11.39, 10.31, 9.63, 9.55, 8.37],
    ),
    ...series(
      optModels,
      {
        method: 'GPTQ, 3 bits',
        recipe: 'gptq-paper-w3',
        calibration: fromC4,
        measure: wikitext2,
        tolerance: gptqPerplexity3,
      },
      [53.85, 33.79, 20.97, 16.88, 14.86, 11.61, 10.27, 14.16, 8.68],
    ),
  ],
});
