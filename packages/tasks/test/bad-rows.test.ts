import { openDataFolder } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import t from 'tap';

const good = JSON.stringify({ goal: 'g', sol1: 'a', sol2: 'b' });
const arc = (question: unknown, answerKey = 'A'): string => JSON.stringify({ question, answerKey });
const choices = ['A', 'B'].map((label) => ({ label, text: label }));

/** task, files, and what the error must say: file, line and reason. */
const cases: [string, Record<string, string | Record<string, string>>, RegExp][] = [
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
