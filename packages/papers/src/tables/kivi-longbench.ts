import { elsewhere } from '../measures.js';
import { unknownTask } from '../settings.js';
import { defineTable, uncovered } from '../table.js';

const lines = (model: string, values: [method: string, value: number][]) =>
  values.flatMap(([method, value]) =>
    uncovered(
      [model],
      {
        method,
        setting: 'groups of 32, a window of 128',
        measure: elsewhere('LongBench, mean of 15', 'score'),
        reason: unknownTask('LongBench'),
      },
      [value],
    ),
  );

export const kiviLongbench = defineTable({
  name: 'kivi-longbench',
  title: 'KIVI, LongBench',
  source: 'jy-yuan/KIVI, tables 1 and 2 of its documentation (876b4d2)',
  notes: [],
  rows: [
    ...lines('LongChat-7B-32K', [
      ['16 bits', 38.72],
      ['KIVI-2', 38.3],
      ['KIVI-4', 38.79],
    ]),
    ...lines('Mistral-7B-Instruct-v0.2', [
      ['16 bits', 43.54],
      ['KIVI-2', 42.43],
      ['KIVI-4', 43.53],
    ]),
  ],
});
