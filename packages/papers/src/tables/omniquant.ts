import { c4, wikitext2 } from '../measures.js';
import type { Measure } from '../measures.js';
import { llamas, unknownMethod } from '../settings.js';
import { defineTable, uncovered } from '../table.js';

const reason = unknownMethod('OmniQuant, which learns its clipping,');
const line = (setting: string, measure: Measure, values: [number, number, number, number]) =>
  uncovered(llamas, { method: 'OmniQuant', setting, measure, reason }, values);
const quoted = { method: 'OmniQuant', setting: 'W3g128, learned clipping, 20 epochs', reason };

export const omniquant = defineTable({
  name: 'omniquant',
  title: 'OmniQuant: weights only',
  source: 'Shao et al. 2024 (arXiv:2308.13137) as quoted in MagR table 6 and OpenGVLab/OmniQuant#95',
  notes: ['The rows of GPTQ, AWQ and RTN that its tables quote are in magr-t6 and sliderquant.'],
  rows: [
    ...line('W2', wikitext2, [15.47, 13.21, 8.71, 7.58]),
    ...line('W2g128', wikitext2, [9.72, 7.93, 7.12, 5.95]),
    ...line('W3', wikitext2, [6.49, 5.68, 4.74, 4.04]),
    ...line('W3g128', wikitext2, [6.15, 5.44, 4.56, 3.94]),
    ...line('W4', wikitext2, [5.86, 5.21, 4.25, 3.71]),
    ...line('W3g128', c4, [7.75, 7.05, 6.37, 5.93]),
    ...line('W4', c4, [7.34, 6.76, 6.11, 5.73]),
    ...uncovered(['meta-llama/Llama-2-7b-hf'], { ...quoted, measure: wikitext2 }, [6.03]),
    ...uncovered(['meta-llama/Llama-2-7b-hf'], { ...quoted, measure: c4 }, [7.75]),
  ],
});
