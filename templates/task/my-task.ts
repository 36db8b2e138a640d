import { defineTask } from '@lowbit/core';

interface Doc {
  question: string;
  answers: string[];
  target: number;
}

/** A whole multiple-choice task in one file: documents, requests, score. `myTask/rows.json` lies in the data folder. */
export const myTask = defineTask<Doc>({
  name: 'my_task',
  version: '1', // raise it when a value can change
  description: 'one sentence for the report',
  source: 'paper, or the harness task and version that it follows',
  metrics: [{ name: 'acc', higherIsBetter: true }],
  files: ['myTask/rows.json'],
  documents: async (data) => JSON.parse(await data.readText('myTask/rows.json')) as Doc[],
  requests: ({ question, answers }) =>
    answers.map((answer) => ({
      kind: 'logLikelihood',
      context: `Question: ${question}\nAnswer:`,
      continuation: ` ${answer}`,
    })),
  score({ target }, results) {
    const logprobs = results.map((result) => (result.kind === 'logLikelihood' ? result.logprob : -Infinity));
    return { acc: logprobs.indexOf(Math.max(...logprobs)) === target ? 1 : 0 };
  },
});
