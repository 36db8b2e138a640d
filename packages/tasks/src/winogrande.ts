import { strip, type DataFolder } from '@lowbit/core';
import { multipleChoice, type ChoiceDoc } from './multiple-choice.js';
import { readJsonLines } from './rows.js';

const file = 'winogrande/winogrande_dev_noqid.jsonl';
const trainFile = 'winogrande/train_xl.jsonl';

export const winogrande = multipleChoice({
  name: 'winogrande',
  version: '1',
  description:
    'Which of two names fills the gap, by how likely it makes the rest of the sentence (XL, validation split)',
  source: 'Sakaguchi et al. 2019; lm-evaluation-harness winogrande 1.0',
  metrics: ['acc'],
  files: [file],
  documents: (data) => readSentences(data, file),
  fewShot: {
    files: [trainFile],
    documents: (data) => readSentences(data, trainFile),
    sampler: 'default',
    leavesOut: true,
  },
});

async function readSentences(data: DataFolder, from: string): Promise<ChoiceDoc[]> {
  const rows = await readJsonLines(data, from);
  return rows.map((row) => {
    const sentence = row.text('sentence');
    const gap = sentence.indexOf('_');
    if (gap < 0) row.fail('its sentence has no gap "_"');
    const answer = row.text('answer');
    const target = ['1', '2'].indexOf(answer);
    if (target < 0) row.fail(`its answer is "${answer}", not 1 or 2`);
    return {
      contexts: [row.text('option1'), row.text('option2')].map((option) => sentence.slice(0, gap) + option),
      choices: [strip(sentence.slice(gap + 1))],
      target,
    };
  });
}
