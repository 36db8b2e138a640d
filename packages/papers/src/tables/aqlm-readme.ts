import { elsewhere } from '../measures.js';
import { llama2s, unknownMethod } from '../settings.js';
import { defineTable, uncovered } from '../table.js';

export const aqlmReadme = defineTable({
  name: 'aqlm-readme',
  title: 'AQLM, README: Llama-2 at 2 bits',
  source: 'Vahe1994/AQLM, README',
  notes: ['Windows of 4,096 tokens: not to be held against figures at 2,048.'],
  rows: uncovered(
    llama2s,
    {
      method: 'AQLM, 1x16',
      setting: '2 bits, learned codebooks',
      measure: { ...elsewhere('wikitext2', 'perplexity'), window: 4096 },
      reason: unknownMethod('AQLM'),
    },
    [5.92, 5.22, 3.83],
  ),
});
