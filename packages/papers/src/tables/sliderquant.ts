import { c4, wikitext2 } from '../measures.js';
import { fromC4, insteadOfPile, llama2s, pileNote, unknownMethod } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { awqPerplexity, floatPerplexity, gptqPerplexity4, rtnPerplexity } from '../tolerances.js';

const omniquant = { method: 'OmniQuant', setting: 'W4A16', reason: unknownMethod('OmniQuant') };

export const sliderquant = defineTable({
  name: 'sliderquant',
  title: 'SliderQuant: Llama-2 at W4A16 a channel, as quoted from OmniQuant',
  source:
    "SliderQuant, its table of weight-only results; C4 is taken for GPTQ's first sampler, which its float row fits",
  notes: [],
  rows: [
    ...series(
      llama2s,
      { method: 'FP16', recipe: 'float', measure: c4, tolerance: floatPerplexity },
      [6.97, 6.46, 5.54],
    ),
    ...uncovered(llama2s, { ...omniquant, measure: wikitext2 }, [5.74, 5.02, 3.47]),
    ...uncovered(llama2s, { ...omniquant, measure: c4 }, [7.35, 6.65, 5.65]),
    ...series(
      llama2s,
      {
        method: 'GPTQ, W4A16',
        recipe: 'gptq-paper-w4',
        calibration: fromC4,
        measure: wikitext2,
        tolerance: gptqPerplexity4,
        notes: ['The table does not say whether with act-order; without, as in the GPTQ paper.'],
      },
      [5.83, 5.13, 3.58],
    ),
    ...series(
      llama2s,
      {
        method: 'AWQ, W4A16',
        recipe: 'awq(bits=4,granularity=channel)',
        calibration: insteadOfPile(128),
        measure: wikitext2,
        tolerance: awqPerplexity,
        notes: [pileNote],
      },
      [6.15, 5.12, 3.6],
    ),
    ...series(
      llama2s,
      {
        method: 'RTN, W4A16',
        recipe: 'rtn(bits=4,grid=awq,symmetric=false)',
        measure: wikitext2,
        tolerance: rtnPerplexity,
      },
      [6.11, 5.2, 3.67],
    ),
  ],
});
