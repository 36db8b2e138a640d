import { capitalize, strip, type DataFolder } from '@lowbit/core';
import { multipleChoice, type ChoiceDoc } from './multiple-choice.js';
import { fail, readJsonLines } from './rows.js';

const file = 'hellaswag/hellaswag_val.jsonl';
const textFile = 'hellaswag/hellaswag_val_full.txt';
const endings = 4;

export const hellaswag = multipleChoice({
  name: 'hellaswag',
  version: '1',
  description: 'Which of four endings a scene or a how-to has (validation split)',
  source: 'Zellers et al. 2019; lm-evaluation-harness hellaswag 1.0',
  metrics: ['acc', 'accNorm'],
  files: [file],
  async documents(data) {
    const rows = await readJsonLines(data, file);
    return rows.map((row) => {
      const choices = row.texts('endings').map(clean);
      if (choices.length !== endings) row.fail(`it has ${choices.length} endings, not ${endings}`);
      const context = `${row.text('ctx_a')} ${capitalize(row.text('ctx_b'))}`;
      return {
        contexts: [clean(`${row.text('activity_label')}: ${context}`)],
        choices,
        target: row.indexIn('label', [0, 1, 2, 3]),
      };
    });
  },
});

/** WikiHow's headings and other marks in brackets come out, each pair of spaces becomes one, once. */
function clean(text: string): string {
  return strip(text)
    .replaceAll(' [title]', '. ')
    .replace(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ');
}

/** Other texts than the harness's: its figures are near `hellaswag`'s and may not stand beside them. */
export const hellaswagText = multipleChoice({
  name: 'hellaswag_text',
  version: '1',
  description:
    "HellaSwag's validation split as the preprocessed text that llama.cpp's scorer reads: the second half of a context not capitalised, marks in brackets gone",
  source: "Zellers et al. 2019; klosax/hellaswag_text_data, scored as lm-evaluation-harness's multiple choice",
  metrics: ['acc', 'accNorm'],
  files: [textFile],
  documents: readTextForm,
});

/** Six lines a row: context, index of the right ending, the four endings. */
async function readTextForm(data: DataFolder): Promise<ChoiceDoc[]> {
  const lines = await data.readLines(textFile);
  const size = endings + 2;
  const at = (line: number): string => `${textFile}, line ${line + 1}`;
  if (lines.length % size !== 0) fail(at(lines.length), `the last row has ${lines.length % size} lines, not ${size}`);
  return Array.from({ length: lines.length / size }, (_, row) => {
    const first = row * size;
    const [context, label, ...choices] = lines.slice(first, first + size);
    const target = ['0', '1', '2', '3'].indexOf(label);
    if (target < 0) fail(at(first + 1), `the label is "${label}", not 0 to 3`);
    const empty = [context, ...choices].indexOf('');
    if (empty >= 0) fail(at(first + (empty === 0 ? 0 : empty + 1)), 'it is empty');
    return { contexts: [context], choices, target };
  });
}
