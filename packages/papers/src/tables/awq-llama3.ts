import { wikitext2 } from '../measures.js';
import { insteadOfPile, pileNote } from '../settings.js';
import { defineTable, series } from '../table.js';
import { awqPerplexity, floatPerplexity } from '../tolerances.js';

const eight = ['meta-llama/Meta-Llama-3-8B'] as const;
const awq = { calibration: insteadOfPile(128), measure: wikitext2, tolerance: awqPerplexity, notes: [pileNote] };

export const awqLlama3 = defineTable({
  name: 'awq-llama3',
  title: 'AWQ at 3 bits on Llama-3-8B, with and without its clip search',
  source: 'EfficientQAT table 3 and LightCompress table 2, quoted in ModelTC/LightCompress#161',
  notes: [],
  rows: [
    ...series(eight, { method: 'AWQ, w3g128, clip', recipe: 'awq-w3-g128', ...awq }, [8.16]),
    ...series(
      eight,
      { method: 'AWQ, w3g128, no clip', recipe: 'awq(bits=3,groupSize=128,clipSearch=false)', ...awq },
      [8.57],
    ),
    ...series(eight, { method: 'FP16', recipe: 'float', measure: wikitext2, tolerance: floatPerplexity }, [6.14]),
  ],
});
