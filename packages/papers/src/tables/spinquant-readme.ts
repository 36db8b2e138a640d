import { wikitext2 } from '../measures.js';
import { unknownMethod } from '../settings.js';
import { defineTable, uncovered } from '../table.js';

const models = [
  'meta-llama/Meta-Llama-3-8B',
  'meta-llama/Meta-Llama-3-70B',
  'meta-llama/Llama-2-7b-hf',
  'meta-llama/Llama-2-13b-hf',
  'meta-llama/Llama-2-70b-hf',
] as const;
const line = (setting: string, values: [number, number, number, number, number]) =>
  uncovered(
    models,
    {
      method: 'SpinQuant',
      setting,
      measure: wikitext2,
      reason: unknownMethod('SpinQuant, which learns its rotations,'),
    },
    values,
  );

export const spinquantReadme = defineTable({
  name: 'spinquant-readme',
  title: 'SpinQuant, README: WikiText-2',
  source: 'facebookresearch/SpinQuant, README (8f47aa3)',
  notes: [],
  rows: [
    ...line('W4A16', [6.4, 4.8, 5.6, 5.0, 3.5]),
    ...line('W4A4', [7.1, 5.5, 5.9, 5.2, 3.8]),
    ...line('W4A4KV4', [7.3, 5.5, 5.9, 5.3, 3.8]),
  ],
});
