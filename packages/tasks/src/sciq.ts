import { stripStart } from '@lowbit/core';
import { multipleChoice } from './multiple-choice.js';
import { readJsonList } from './rows.js';

const file = 'sciq/test.json';
const choices = ['distractor1', 'distractor2', 'distractor3', 'correct_answer'];

export const sciq = multipleChoice({
  name: 'sciq',
  version: '1',
  description: 'Science exam questions with a supporting text (test split)',
  source: 'Welbl et al. 2017; lm-evaluation-harness sciq 1.0',
  metrics: ['acc', 'accNorm'],
  files: [file],
  async documents(data) {
    const rows = await readJsonList(data, file);
    return rows.map((row) => ({
      contexts: [`${stripStart(row.text('support'))}\nQuestion: ${row.text('question')}\nAnswer:`],
      choices: choices.map((key) => row.text(key)),
      target: choices.indexOf('correct_answer'),
    }));
  },
});
