import { openDataFolder } from '@lowbit/core';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { shared } from '../test-real/golden.js';

const official = openDataFolder(`${shared}/data`);
const rows = 50;

/**
 * The official files as they lie in `shared`, and two that do not, made in their form: HellaSwag from its preprocessed
 * text (first two rows with the marks that the text has lost), SciQ from ARC's questions. Same rows for both sides.
 */
export async function layOut(folder: string): Promise<void> {
  for (const name of readdirSync(`${shared}/data`))
    if (name !== 'hellaswag') symlinkSync(`${shared}/data/${name}`, `${folder}/${name}`);
  write(
    `${folder}/hellaswag`,
    'hellaswag_val.jsonl',
    (await makeHellaswag()).map((row) => JSON.stringify(row)).join('\n'),
  );
  write(`${folder}/sciq`, 'test.json', JSON.stringify(await makeSciq(), undefined, 1));
}

function write(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}`, text);
}

async function makeHellaswag(): Promise<object[]> {
  const lines = await official.readLines('hellaswag/hellaswag_val_full.txt');
  // Half from ActivityNet, half from WikiHow, which begins at row 3,243.
  const places = Array.from({ length: rows }, (_, index) => (index % 2 === 0 ? index : 3243 + index));
  return places.map((place, index) => {
    const [first, label, ...endings] = lines.slice(place * 6, place * 6 + 6);
    const [activity, context] = split(first, first.indexOf(': '), 2);
    const [a, b] = place < 3243 ? split(context, context.lastIndexOf('. ') + 1, 1) : [context, ''];
    const marked = index < 2 ? endings.map((ending) => `[step] ${ending} [title]  Then.`) : endings;
    const ctx = index < 2 ? `[header] ${a} [title]  Go on [substeps]` : a;
    return {
      activity_label: activity,
      ctx_a: ctx,
      ctx_b: index === 0 ? `${b} ANN` : b,
      endings: marked,
      label: Number(label),
    };
  });
}

function split(text: string, at: number, skip: number): [string, string] {
  return [text.slice(0, at), text.slice(at + skip)];
}

interface ArcRow {
  question: { stem: string; choices: { text: string; label: string }[] };
  answerKey: string;
}

async function makeSciq(): Promise<object[]> {
  const questions = (await official.readLines('arc/ARC-Easy-Test.jsonl'))
    .map((line): ArcRow => JSON.parse(line))
    .filter(({ question }) => question.choices.length === 4)
    .slice(0, rows);
  return questions.map(({ question, answerKey }, index) => {
    const wrong = question.choices.filter(({ label }) => label !== answerKey);
    return {
      question: question.stem,
      distractor3: wrong[2].text,
      distractor1: wrong[0].text,
      distractor2: wrong[1].text,
      correct_answer: question.choices.find(({ label }) => label === answerKey)?.text,
      // The harness strips the front alone; some rows have no text.
      support: index % 5 === 0 ? '' : ` \n${questions[index - 1].question.stem} `,
    };
  });
}
