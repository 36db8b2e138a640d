import type { DataFolder } from '@lowbit/core';
import { multipleChoice, type ChoiceDoc } from './multiple-choice.js';
import { readJsonLines } from './rows.js';

/** Both parts of the AI2 Reasoning Challenge: 3 to 5 choices, labelled A to E or 1 to 4. */
function arc(name: string, part: 'Easy' | 'Challenge') {
  const file = (split: string): string => `arc/ARC-${part}-${split}.jsonl`;
  return multipleChoice({
    name,
    version: '1',
    description: `Grade-school science questions, ${part} part (test split)`,
    source: `Clark et al. 2018; lm-evaluation-harness ${name} 1.0`,
    metrics: ['acc', 'accNorm'],
    files: [file('Test')],
    documents: (data) => readQuestions(data, file('Test')),
    fewShot: {
      files: [file('Train')],
      documents: (data) => readQuestions(data, file('Train')),
      sampler: 'default',
      leavesOut: false,
    },
  });
}

async function readQuestions(data: DataFolder, file: string): Promise<ChoiceDoc[]> {
  const rows = await readJsonLines(data, file);
  return rows.map((row) => {
    const question = row.object('question');
    const choices = question.list('choices');
    if (choices.length < 2) row.fail(`it has ${choices.length} choices`);
    const key = row.text('answerKey');
    const target = choices.findIndex((choice) => choice.text('label') === key);
    if (target < 0) row.fail(`answerKey "${key}" is the label of no choice`);
    return {
      contexts: [`Question: ${question.text('stem')}\nAnswer:`],
      choices: choices.map((choice) => choice.text('text')),
      target,
    };
  });
}

export const arcEasy = arc('arc_easy', 'Easy');
export const arcChallenge = arc('arc_challenge', 'Challenge');
