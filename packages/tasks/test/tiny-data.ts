import { gzipSync } from 'node:zlib';
import { tasks } from '@lowbit/tasks';
import { makeTar } from './make-tar.js';

/** A data folder with a few made-up rows for every task, in the official files' forms. */
export function tinyData() {
  const lines = (rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const arcRow = (id: number, answerKey: string, labels: string) => ({
    id: `q${id}`,
    question: {
      stem: `What is ${id}?`,
      choices: labels.split('').map((label) => ({ text: `It is ${label}.`, label })),
    },
    answerKey,
  });
  const hellaswagRow = (label: string, a: string, b: string, target: number, source: string) => ({
    ...{ ind: 1, activity_label: label, ctx_a: a, ctx_b: b, ctx: `${a} ${b}`, split: 'val', split_type: 'zeroshot' },
    ...{ label: target, endings: ['falls.', ' [title] sings  loud.', '[step] runs [x]', 'ends'], source_id: source },
  });
  const copaRow = (premise: string, question: string, label: number) => ({
    ...{ premise, choice1: 'The dog barked.', choice2: 'A Cat came.', question, label, idx: label },
  });
  const wicRow = (sentence1: string, sentence2: string, start1: number, end1: number, label: boolean) => ({
    ...{ word: 'class', sentence1, sentence2, start1, end1, start2: 0, end2: 1, label, idx: 0, version: 1.1 },
  });
  const wscRow = (text: string, index: number, pronoun: string, nounIndex: number, noun: string, label: boolean) => ({
    ...{ text, label, idx: 0 },
    target: { span2_index: index, span2_text: pronoun, span1_index: nounIndex, span1_text: noun },
  });
  return {
    piqa: {
      'valid.jsonl': lines([
        { goal: 'open a jar', sol1: 'turn the lid', sol2: 'turn the jar over ' },
        { goal: 'boil an egg', sol1: 'fry it', sol2: 'put it into hot water' },
      ]),
      'valid-labels.lst': '0\n1\n',
    },
    arc: {
      'ARC-Easy-Test.jsonl': lines([arcRow(1, 'B', 'ABCD'), arcRow(2, '3', '1234')]),
      'ARC-Challenge-Test.jsonl': lines([arcRow(3, 'E', 'ABCDE'), arcRow(4, 'A', 'ABC')]),
    },
    winogrande: {
      'winogrande_dev_noqid.jsonl': lines([
        { sentence: 'The cup fits the box because the _ is small .', option1: 'cup', option2: 'box', answer: '1' },
        { sentence: 'Ann thanked Bea because _ had helped.', option1: 'Ann', option2: 'Bea', answer: '2' },
      ]),
    },
    lambada: {
      'lambada_test.jsonl': lines([{ text: 'He sang a song' }, { text: 'Two words.\n\n"Yes,  no' }]),
      'lambada_test_plain_text.txt': "he sang a song\n`` i do n't know , '' he said\n",
    },
    hellaswag: {
      'hellaswag_val.jsonl': lines([
        hellaswagRow('Roof removal', 'A man sits on a roof.', 'HE and bob', 3, 'ActivityNet~v_x'),
        hellaswagRow(
          'Home',
          '[header] How to paint [title] Buy [x  y]paint. [step] Stir it [substeps]',
          '',
          0,
          'wikihow~1',
        ),
      ]),
      'hellaswag_val_full.txt': 'Roof removal: A man. he\n1\nfalls.\nsings.\nsleeps.\nis.\nHome: b\n0\nq\nr\ns\nt\n',
    },
    openbookqa: { 'test.jsonl': lines([arcRow(5, 'B', 'ABCD'), arcRow(6, ' D', 'ABCD')]) },
    sciq: {
      'test.json': JSON.stringify(
        [1, 2].map((n) => ({
          question: `What is ${n}?`,
          distractor3: 'c',
          distractor1: 'a',
          distractor2: 'b',
          correct_answer: `right ${n}`,
          support: n === 1 ? ' \tIt is so. ' : '',
        })),
        undefined,
        1,
      ),
    },
    superglue: {
      BoolQ: {
        'val.jsonl.gz': gzipSync(
          lines([
            { question: 'is it so', passage: 'It -- It is so.', idx: 0, label: true },
            { question: 'is it not', passage: 'Not -- It is not.', idx: 1, label: false },
          ]),
        ),
      },
      CB: {
        'val.jsonl': lines(
          ['neutral', 'contradiction', 'entailment'].map((label, idx) => ({
            ...{ premise: `Is it ${idx}?`, hypothesis: `it is ${idx}` },
            ...{ label, idx },
          })),
        ),
      },
      COPA: {
        'val.jsonl': lines([copaRow('The man slept. ', 'effect', 1), copaRow('The woman sang\u{1f600}', 'cause', 0)]),
      },
      RTE: {
        'val.jsonl': lines(
          ['not_entailment', 'entailment'].map((label, idx) => ({ premise: 'A b.', hypothesis: 'B a.', label, idx })),
        ),
      },
      WiC: {
        'val.jsonl': lines([
          wicRow('\u{1f600} A class act.', 'Real class.', 4, 9, false),
          wicRow('class it', 'a class', 0, 5, true),
        ]),
      },
      WSC: {
        'val.jsonl': lines([
          wscRow('Ann , who was n\'t " in " ( here ) , said that she left .', 14, 'she', 0, 'Ann', true),
          wscRow('The ball went through the table as it was light.', 7, 'it', 4, 'The table.', false),
        ]),
      },
    },
    truthfulqa: {
      'mc_task.json': JSON.stringify([
        {
          question: 'What if?',
          mc1_targets: { Nothing: 1, All: 0, Some: 0 },
          mc2_targets: { Nothing: 1, All: 0, None: 1 },
        },
        { question: 'Who?', mc1_targets: { No: 0, Yes: 1 }, mc2_targets: { No: 0, Yes: 1 } },
      ]),
    },
    gsm8k: {
      'test.jsonl': lines([
        { question: 'What is 1 + 1?', answer: 'It is <<1+1=2>>2.\n#### 2' },
        { question: 'What is 999 + 1?', answer: 'It is $1,000.\n#### 1,000' },
      ]),
      'train.jsonl': lines(
        [1, 2, 3, 4, 5].map((n) => ({ question: `What is ${n} + 0?`, answer: `It is ${n}.\n#### ${n}` })),
      ),
    },
    mmlu: {
      'mmlu_test.tar.gz': makeTar(mmluFiles('test', 2)),
      'mmlu_dev.tar.gz': makeTar(mmluFiles('dev', 5)),
    },
    wikitext2: {
      'wiki.test.raw':
        ' \n = First = \n \n Some text , here . \n = = Part = = \n More @-@ text . \n = Second = \n It is ( very ) short . \n',
    },
    c4: {
      'c4-validation.00000-of-00008.json': lines([
        { text: 'Too short.', timestamp: '2019', url: 'a' },
        { text: 'A document that is longer than a window of thirty-two bytes.', timestamp: '2019', url: 'b' },
        { text: 'Another one, of which windows begin at several places as well.', timestamp: '2019', url: 'c' },
      ]),
    },
    ptb: {
      'ptb.valid.txt': " no it was n't black monday \n but while the new york <unk> did n't fall apart friday \n",
      'ptb.test.txt': ' consumers may want to move their telephones a little closer to the tv set \n <unk> N \n',
    },
    'stories.txt': [1, 2, 3, 4, 5]
      .map((n) => `Once there was a fox. It had ${n} hats. "Nice!" it said. Then number ${n} was lost. The end.`)
      .join('\n<|endoftext|>\n'),
  };
}

/** Every subject, with as many rows each. */
function mmluFiles(split: string, rows: number): Record<string, string> {
  const subjects = tasks.find(({ name }) => name === 'mmlu')?.metrics.flatMap(({ over }) => over?.subsets ?? []) ?? [];
  const lines = (subject: string): string[] =>
    Array.from({ length: rows }, (_, row) => `" ${subject}, ${split} ${row}? ",a${row},"b, c",d,"e ""f""",${row % 4}`);
  return Object.fromEntries(
    subjects.map((subject) => [
      `${split}/${subject}_${split}.csv`,
      `question,choice0,choice1,choice2,choice3,answer\n${lines(subject).join('\n')}\n`,
    ]),
  );
}
