import { estimateMean, strip } from '@lowbit/core';
import { macroF1 } from './macro-f1.js';
import { likeliest, multipleChoice, type ChoiceDoc, type ChoiceTask } from './multiple-choice.js';
import { readJsonLines, type Row } from './rows.js';

const noYes = [false, true];
const noYesChoices = ['no', 'yes'];

/** A part of SuperGLUE whose document is one row of its validation split. */
export function superGlue(
  task: Omit<ChoiceTask, 'version' | 'metrics' | 'files' | 'documents'> & Partial<Pick<ChoiceTask, 'metrics'>>,
  part: string,
  toDoc: (row: Row) => ChoiceDoc,
) {
  const file = `superglue/${part}/val.jsonl`;
  return multipleChoice({
    metrics: ['acc'],
    ...task,
    version: '1',
    files: [file],
    documents: async (data) => (await readJsonLines(data, file)).map(toDoc),
  });
}

export const boolq = superGlue(
  {
    name: 'boolq',
    description: 'Yes or no to a natural question about a passage (validation split)',
    source: 'Clark et al. 2019; lm-evaluation-harness boolq 2.0',
  },
  'BoolQ',
  (row) => ({
    contexts: [`${row.text('passage')}\nQuestion: ${row.text('question')}?\nAnswer:`],
    choices: noYesChoices,
    target: row.indexIn('label', noYes),
  }),
);

/** The harness's choices begin with a space of their own, so that two follow the connecting word. */
export const copa = superGlue(
  {
    name: 'copa',
    description: 'Which of two sentences is the cause or the effect of a first (validation split)',
    source: 'Roemmele et al. 2011; lm-evaluation-harness copa 1.0',
  },
  'COPA',
  (row) => ({
    contexts: [
      `${dropLast(strip(row.text('premise')))} ${['because', 'therefore'][row.indexIn('question', ['cause', 'effect'])]}`,
    ],
    choices: ['choice1', 'choice2'].map((key) => ` ${lowerFirst(row.text(key))}`),
    target: row.indexIn('label', [0, 1]),
  }),
);

export const rte = superGlue(
  {
    name: 'rte',
    description: 'Whether a text entails a sentence (validation split, the same in GLUE and SuperGLUE)',
    source: 'Dagan et al. 2005 and later, Wang et al. 2019; lm-evaluation-harness rte 1.0 and sglue_rte 0.0',
  },
  'RTE',
  (row) => ({
    contexts: [`${row.text('premise')}\nQuestion: ${row.text('hypothesis')} True or False?\nAnswer:`],
    choices: ['True', 'False'],
    target: row.indexIn('label', ['entailment', 'not_entailment']),
  }),
);

const verdicts = ['entailment', 'contradiction', 'neutral'];

export const cb = superGlue(
  {
    name: 'cb',
    description: 'Whether a speaker holds an embedded clause for true, for false, or neither (validation split)',
    source: 'De Marneffe et al. 2019; lm-evaluation-harness cb 1.0',
    metrics: ['acc', { name: 'f1', higherIsBetter: true, protocol: 'f1/macro' }],
    score({ target }, logprobs) {
      const prediction = likeliest(logprobs);
      return { acc: Number(prediction === target), target, prediction };
    },
    aggregate: (scores) => [
      { metric: 'acc', ...estimateMean(scores.map(({ acc }) => acc)), n: scores.length },
      {
        metric: 'f1',
        ...macroF1(
          scores.map(({ target, prediction }) => ({ target, prediction })),
          verdicts.length,
        ),
      },
    ],
  },
  'CB',
  (row) => ({
    contexts: [`${row.text('premise')}\nQuestion: ${row.text('hypothesis')}. True, False, or Neither?\nAnswer:`],
    choices: ['True', 'False', 'Neither'],
    target: row.indexIn('label', verdicts),
  }),
);

export const wic = superGlue(
  {
    name: 'wic',
    description: 'Whether a word has the same sense in two sentences (validation split)',
    source: 'Pilehvar and Camacho-Collados 2019; lm-evaluation-harness wic 1.0',
  },
  'WiC',
  (row) => {
    const sentence = row.text('sentence1');
    // Offsets count code points, as Python does.
    const word = [...sentence].slice(row.integer('start1'), row.integer('end1')).join('');
    if (word === '') row.fail('its start1 and end1 hold no word of sentence1');
    return {
      contexts: [
        `Sentence 1: ${sentence}\nSentence 2: ${row.text('sentence2')}\nQuestion: Is the word '${word}' used in the same way in the two sentences above?\nAnswer:`,
      ],
      choices: noYesChoices,
      target: row.indexIn('label', noYes),
    };
  },
);

/** Without the last code point. */
function dropLast(text: string): string {
  return [...text].slice(0, -1).join('');
}

function lowerFirst(text: string): string {
  const [first = '', ...rest] = text;
  return first.toLowerCase() + rest.join('');
}
