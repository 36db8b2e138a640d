import type { DataFolder } from '@lowbit/core';
import { multipleChoice, type ChoiceDoc } from './multiple-choice.js';
import { readJsonLines, readLabels } from './rows.js';

const filesOf = (split: string): [rows: string, labels: string] => [`piqa/${split}.jsonl`, `piqa/${split}-labels.lst`];

export const piqa = multipleChoice({
  name: 'piqa',
  version: '1',
  description: 'Physical common sense: which of two solutions reaches the goal (validation split)',
  source: 'Bisk et al. 2020; lm-evaluation-harness piqa 1.0',
  metrics: ['acc', 'accNorm'],
  files: filesOf('valid'),
  documents: (data) => readGoals(data, 'valid'),
  fewShot: {
    files: filesOf('train'),
    documents: (data) => readGoals(data, 'train'),
    sampler: 'default',
    leavesOut: true,
  },
});

async function readGoals(data: DataFolder, split: string): Promise<ChoiceDoc[]> {
  const [rowsFile, labelsFile] = filesOf(split);
  const rows = await readJsonLines(data, rowsFile);
  const labels = await readLabels(data, labelsFile, rows.length);
  return rows.map((row, index) => {
    const target = ['0', '1'].indexOf(labels[index]);
    if (target < 0) row.fail(`its label in ${labelsFile} is "${labels[index]}", not 0 or 1`);
    return {
      contexts: [`Question: ${row.text('goal')}\nAnswer:`],
      choices: [row.text('sol1'), row.text('sol2')],
      target,
    };
  });
}
