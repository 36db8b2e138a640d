import { openDataFolder } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import t from 'tap';

const good = JSON.stringify({ goal: 'g', sol1: 'a', sol2: 'b' });
const arc = (question: unknown, answerKey = 'A'): string => JSON.stringify({ question, answerKey });
const choices = ['A', 'B'].map((label) => ({ label, text: label }));

const superglue = (part: string, row: object) => ({ superglue: { [part]: { 'val.jsonl': JSON.stringify(row) } } });
const hellaswag = (row: object) => ({
  hellaswag: {
    'hellaswag_val.jsonl': JSON.stringify({
      ...{ activity_label: 'a', ctx_a: 'b', ctx_b: 'c', endings: ['a', 'b', 'c', 'd'], label: 0 },
      ...row,
    }),
  },
});
const truths = (mc1: unknown, mc2: unknown = {}) => ({
  truthfulqa: { 'mc_task.json': JSON.stringify([{ question: 'q', mc1_targets: mc1, mc2_targets: mc2 }]) },
});
const wsc = { text: 'Ann said she left.', label: true };
const spans = { span1_index: 0, span1_text: 'Ann', span2_index: 2, span2_text: 'she' };

/** A folder's files by name, and folders. */
interface Files {
  [name: string]: string | Files;
}

/** task, files, and what the error must say: file, line and reason. */
const cases: [string, Files, RegExp][] = [
  [
    'boolq',
    superglue('BoolQ', { passage: 'p', question: 'q', label: 1 }),
    /val\.jsonl, line 1: label is 1, not one of false, true/,
  ],
  ['boolq', superglue('BoolQ', { passage: 'p', question: 'q' }), /line 1: label is missing, not one of/],
  ['boolq', superglue('BoolQ', { question: 'q', label: true }), /line 1: passage is not a text/],
  [
    'copa',
    superglue('COPA', { premise: 'p', choice1: 'a', choice2: 'b', question: 'why', label: 0 }),
    /question is "why", not one of "cause", "effect"/,
  ],
  [
    'copa',
    superglue('COPA', { premise: 'p', choice1: 'a', question: 'cause', label: 0 }),
    /line 1: choice2 is not a text/,
  ],
  [
    'copa',
    superglue('COPA', { premise: 'p', choice1: 'a', choice2: 'b', question: 'cause', label: 2 }),
    /label is 2, not one of 0, 1/,
  ],
  ['rte', superglue('RTE', { premise: 'p', hypothesis: 'h', label: 'neutral' }), /label is "neutral", not one of/],
  [
    'cb',
    superglue('CB', { premise: 'p', hypothesis: 'h', label: 'not_entailment' }),
    /label is "not_entailment", not one of/,
  ],
  [
    'wic',
    superglue('WiC', { sentence1: 's', sentence2: 't', start1: 'x', end1: 1, label: true }),
    /start1 is not a whole number/,
  ],
  [
    'wic',
    superglue('WiC', { sentence1: 's', sentence2: 't', start1: 4, end1: 5, label: true }),
    /start1 and end1 hold no word/,
  ],
  [
    'wsc',
    superglue('WSC', { ...wsc, target: { ...spans, span2_index: 9 } }),
    /line 1: target\.span2 is not in the text/,
  ],
  [
    'wsc',
    superglue('WSC', { ...wsc, target: { ...spans, span1_text: 'Bea' } }),
    /target\.span1_text is not in the text/,
  ],
  ['wsc', superglue('WSC', { ...wsc, target: undefined }), /target\. is not an object/],
  ['hellaswag', hellaswag({ endings: ['a', 'b', 'c'] }), /hellaswag_val\.jsonl, line 1: it has 3 endings, not 4/],
  ['hellaswag', hellaswag({ endings: ['a', 'b', 'c', 4] }), /endings\[3\] is not a text/],
  ['hellaswag', hellaswag({ endings: 'abcd' }), /endings is not a list/],
  ['hellaswag', hellaswag({ label: '' }), /label is "", not one of 0, 1, 2, 3/],
  [
    'hellaswag_text',
    { hellaswag: { 'hellaswag_val_full.txt': 'c\n0\na\nb\nc\nd\nc\n' } },
    /val_full\.txt, line 8: the last row has 1 lines/,
  ],
  ['hellaswag_text', { hellaswag: { 'hellaswag_val_full.txt': 'c\n4\na\nb\nc\nd\n' } }, /line 2: the label is "4"/],
  ['hellaswag_text', { hellaswag: { 'hellaswag_val_full.txt': 'c\n3\na\n\nc\nd\n' } }, /line 4: it is empty/],
  [
    'openbookqa',
    { openbookqa: { 'test.jsonl': arc({ stem: 's', choices }, 'E') } },
    /answerKey "E" is the label of no choice/,
  ],
  ['openbookqa', { openbookqa: { 'test.jsonl': arc({ stem: 's', choices: [] }) } }, /line 1: it has 0 choices/],
  [
    'sciq',
    { sciq: { 'test.json': '[{"support": "s", "question": "q"}]' } },
    /sciq\/test\.json, row 1: distractor1 is not a text/,
  ],
  ['sciq', { sciq: { 'test.json': '{}' } }, /test\.json, line 1: it is not a list of rows/],
  ['sciq', { sciq: { 'test.json': '[\n{},\n{"a"]' } }, /test\.json, line 3: it is not JSON/],
  ['sciq', { sciq: { 'test.json': '[\n{},\n' } }, /test\.json, line 2: it is not JSON/],
  ['truthfulqa_mc1', truths({ a: 1, b: 2 }), /mc_task\.json, row 1: mc1_targets\.b is 2, not one of 0, 1/],
  ['truthfulqa_mc1', truths({ a: 1 }), /row 1: mc1_targets has no true answer beside a false one/],
  ['truthfulqa_mc1', truths({ a: 1, b: 1, c: 0 }), /row 1: mc1_targets has several true answers/],
  ['truthfulqa_mc2', truths({}, { a: 0, b: 0 }), /row 1: mc2_targets has no true answer/],
  [
    'gsm8k',
    { gsm8k: { 'test.jsonl': '{"question": "q", "answer": "18"}' } },
    /test\.jsonl, line 1: answer has no "#### "/,
  ],
  ['gsm8k', { gsm8k: { 'test.jsonl': '{"question": "q"}' } }, /test\.jsonl, line 1: answer is not a text/],
  [
    'lambada_standard',
    { lambada: { 'lambada_test_plain_text.txt': 'a b\n\n' } },
    /plain_text\.txt, line 2: its text is one word/,
  ],
  [
    'piqa',
    { piqa: { 'valid.jsonl': `${good}\n{"goal"`, 'valid-labels.lst': '0\n1' } },
    /piqa\/valid\.jsonl, line 2: it is not JSON/,
  ],
  ['piqa', { piqa: { 'valid.jsonl': `${good}\n\n`, 'valid-labels.lst': '0\n1' } }, /line 2: it is not JSON/],
  ['piqa', { piqa: { 'valid.jsonl': '[1]', 'valid-labels.lst': '0' } }, /line 1: the row is not an object/],
  ['piqa', { piqa: { 'valid.jsonl': '{"goal": 1}', 'valid-labels.lst': '0' } }, /line 1: goal is not a text/],
  [
    'piqa',
    { piqa: { 'valid.jsonl': '{"goal": "g", "sol1": "a"}', 'valid-labels.lst': '0' } },
    /line 1: sol2 is not a text/,
  ],
  [
    'piqa',
    { piqa: { 'valid.jsonl': `${good}\n${good}`, 'valid-labels.lst': '0\n2' } },
    /valid\.jsonl, line 2: its label .* is "2"/,
  ],
  [
    'piqa',
    { piqa: { 'valid.jsonl': `${good}\n${good}`, 'valid-labels.lst': '0' } },
    /valid-labels\.lst, line 2: there are 1 labels for 2/,
  ],
  ['arc_easy', { arc: { 'ARC-Easy-Test.jsonl': arc(undefined) } }, /line 1: question\. is not an object/],
  [
    'arc_easy',
    { arc: { 'ARC-Easy-Test.jsonl': arc({ stem: 's', choices: {} }) } },
    /line 1: question\.choices is not a list/,
  ],
  ['arc_easy', { arc: { 'ARC-Easy-Test.jsonl': arc({ stem: 's', choices: [] }) } }, /line 1: it has 0 choices/],
  [
    'arc_easy',
    { arc: { 'ARC-Easy-Test.jsonl': arc({ stem: 's', choices: ['A', 'B'] }) } },
    /choices\[0\]\. is not an object/,
  ],
  [
    'arc_easy',
    { arc: { 'ARC-Easy-Test.jsonl': arc({ stem: 's', choices }, 'C') } },
    /answerKey "C" is the label of no choice/,
  ],
  ['winogrande', { winogrande: { 'winogrande_dev_noqid.jsonl': '{"sentence": "no gap"}' } }, /no gap "_"/],
  [
    'winogrande',
    {
      winogrande: {
        'winogrande_dev_noqid.jsonl': '{"sentence": "a _ b", "option1": "x", "option2": "y", "answer": ""}',
      },
    },
    /line 1: its answer is "", not 1 or 2/,
  ],
  ['lambada_openai', { lambada: { 'lambada_test.jsonl': '{"text": "word"}' } }, /line 1: its text is one word/],
  ['tinystories', { 'stories.txt': '\n<|endoftext|>\n' }, /stories\.txt, line 1: there is no story/],
  [
    'story_continuation',
    { 'stories.txt': 'One. Two. Three. Four.' },
    /stories\.txt, line 1: it has 1 stories of more than 3/,
  ],
];

for (const [name, files, message] of cases)
  t.test(`${name}: ${message.source}`, async (t) => {
    const task = tasks.find((each) => each.name === name);
    if (!task) throw new Error(`There is no task ${name}.`);
    await t.rejects(task.documents(openDataFolder(t.testdir(files))), { code: 'TASK_DATA', message });
  });
