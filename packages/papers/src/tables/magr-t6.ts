import { c4, wikitext2 } from '../measures.js';
import { fromC4, insteadOfPile, llamas, pileNote } from '../settings.js';
import { defineTable, series } from '../table.js';
import { awqPerplexity, floatPerplexity, gptqPerplexity3, rtnPerplexity } from '../tolerances.js';

export const magrT6 = defineTable({
  name: 'magr-t6',
  title: 'MagR, table 6: LLaMA, as quoted from OmniQuant',
  source: 'Zhang et al. 2024 (MagR), table 6',
  notes: [],
  rows: [
    ...series(
      llamas,
      { method: 'FP16', recipe: 'float', measure: c4, tolerance: floatPerplexity },
      [7.08, 6.61, 5.98, 5.62],
    ),
    ...series(
      llamas,
      {
        method: 'GPTQ, W3g128',
        recipe: 'gptq-llama-w3-g128',
        calibration: fromC4,
        measure: wikitext2,
        tolerance: gptqPerplexity3,
        notes: ["The table does not say how; three of its values are those of GPTQ's README, whose recipe this is."],
      },
      [6.55, 5.62, 4.8, 4.17],
    ),
    ...series(
      llamas,
      {
        method: 'AWQ, W3g128',
        recipe: 'awq-w3-g128',
        calibration: insteadOfPile(128),
        measure: wikitext2,
        tolerance: awqPerplexity,
        notes: [pileNote, "AWQ's own table has other values (6.35 for 7B); the table does not say why."],
      },
      [6.46, 5.51, 4.63, 3.99],
    ),
    ...series(
      llamas,
      {
        method: 'RTN, W3g128',
        recipe: 'rtn(bits=3,groupSize=128,grid=awq,symmetric=false)',
        measure: wikitext2,
        tolerance: rtnPerplexity,
      },
      [7.01, 5.88, 4.87, 4.24],
    ),
  ],
});
