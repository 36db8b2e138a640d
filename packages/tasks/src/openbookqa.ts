import { stripStart } from '@lowbit/core';
import { multipleChoice } from './multiple-choice.js';
import { readJsonLines } from './rows.js';

const file = 'openbookqa/test.jsonl';

export const openbookqa = multipleChoice({
  name: 'openbookqa',
  version: '1',
  description:
    'Questions that need a fact of elementary science and common knowledge, as sentences to end (test split)',
  source: 'Mihaylov et al. 2018; lm-evaluation-harness openbookqa 1.0',
  metrics: ['acc', 'accNorm'],
  files: [file],
  async documents(data) {
    const rows = await readJsonLines(data, file);
    return rows.map((row) => {
      const question = row.object('question');
      const choices = question.list('choices');
      if (choices.length < 2) row.fail(`it has ${choices.length} choices`);
      const key = stripStart(row.text('answerKey'));
      const target = choices.findIndex((choice) => choice.text('label') === key);
      if (target < 0) row.fail(`answerKey "${key}" is the label of no choice`);
      return { contexts: [question.text('stem')], choices: choices.map((choice) => choice.text('text')), target };
    });
  },
});
