import { readFileSync } from 'node:fs';
import { createToyScorer, createToyTokenizer, openDataFolder, promptTask, scoreTask } from '@lowbit/core';
import { gsm8kFilters, normaliseAnswer, tasks } from '@lowbit/tasks';
import t from 'tap';

/** What lm-evaluation-harness 0.4.13 (its `RegexFilter`, Python's `re`, its exact match) makes of texts: answer and score. */
const golden: { target: string; rows: ({ text: string } & Record<string, string | [string, number]>)[] } = JSON.parse(
  readFileSync(new URL('gsm8k-answers.json', import.meta.url), 'utf8'),
);

t.test('answers are extracted and compared as the harness does', async (t) => {
  for (const row of golden.rows)
    for (const [name, extract] of Object.entries(gsm8kFilters)) {
      const found = extract(row.text);
      t.strictSame(
        [found, Number(normaliseAnswer(found) === normaliseAnswer(golden.target))],
        row[name],
        `${name} of ${JSON.stringify(row.text)}`,
      );
    }
  const scores = golden.rows.map((row) => Object.keys(gsm8kFilters).map((name) => row[name]?.[1]));
  for (const each of [0, 1]) t.strictSame(new Set(scores.map((row) => row[each])), new Set([0, 1]), 'both come up');
});

const [gsm8k] = tasks.filter(({ name }) => name === 'gsm8k');
const rows = ['What is 1 + 1?', 'What is 2 + 2?'].map((question, i) => ({
  question,
  answer: `Sum.\n#### ${2 * i + 2}`,
}));
const lines = (list: unknown[]): string => list.map((row) => `${JSON.stringify(row)}\n`).join('');

t.test('the train split, examples and what is missing', async (t) => {
  const without = openDataFolder(t.testdir({ gsm8k: { 'test.jsonl': lines(rows) } }));
  const tokenizer = createToyTokenizer();
  const scorer = createToyScorer(tokenizer.vocabSize, 400);
  await t.rejects(scoreTask(gsm8k, { tokenizer, scorer, data: without }), {
    code: 'TASK_DATA',
    message: /gsm8k\/train\.jsonl .*--few-shot 0/,
  });
  const { values, counts } = await scoreTask(gsm8k, { tokenizer, scorer, data: without, fewShot: 0 });
  t.strictSame(
    values.map(({ metric, n }) => [metric, n]),
    [
      ['exactMatch,strict-match', 2],
      ['exactMatch,flexible-extract', 2],
    ],
  );
  t.equal(counts.documents, 2);
  await t.rejects(scoreTask(gsm8k, { tokenizer, scorer: createToyScorer(258, 256), data: without, fewShot: 0 }), {
    code: 'TASK_DATA',
    message: /longer than the 256 tokens/,
  });
});

t.test('five examples before a question', async (t) => {
  const folder = t.testdir({
    gsm8k: { 'test.jsonl': lines(rows), 'train.jsonl': lines([1, 2, 3, 4, 5].flatMap(() => rows)) },
  });
  const data = openDataFolder(folder);
  const [[request]] = await promptTask(gsm8k, await gsm8k.documents(data), { data });
  const prompt = request.kind === 'generate' ? request.prompt : '';
  t.equal(prompt.match(/Question: What is \d \+ \d\?\nAnswer: Sum\.\n#### \d\n\n/g)?.length, 5);
  t.ok(prompt.endsWith('\n\nQuestion: What is 1 + 1?\nAnswer:'));
});
