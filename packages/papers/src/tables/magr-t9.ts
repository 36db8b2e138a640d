import { c4, wikitext2 } from '../measures.js';
import type { Measure } from '../measures.js';
import { llama2Pair, unknownMethod } from '../settings.js';
import { defineTable, uncovered } from '../table.js';

const line = (setting: string, measure: Measure, values: [number, number]) =>
  uncovered(llama2Pair, { method: 'QuIP', setting, measure, reason: unknownMethod('QuIP') }, values);

export const magrT9 = defineTable({
  name: 'magr-t9',
  title: 'MagR, table 9: QuIP on Llama-2',
  source: 'Zhang et al. 2024 (MagR), table 9',
  notes: [],
  rows: [
    ...line('W4', wikitext2, [5.94, 5.01]),
    ...line('W4', c4, [8.01, 6.88]),
    ...line('W3', wikitext2, [6.5, 5.34]),
    ...line('W3', c4, [8.74, 7.34]),
  ],
});
