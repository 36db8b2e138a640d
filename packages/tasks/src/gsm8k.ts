import { defineTask, LowbitError, type DataFolder, type GenerateResult } from '@lowbit/core';
import { readJsonLines } from './rows.js';

const testFile = 'gsm8k/test.jsonl';
const trainFile = 'gsm8k/train.jsonl';

export interface Gsm8kDoc {
  question: string;
  /** The reasoning, a line, and `#### ` with the number. */
  answer: string;
}

/** What each filter takes of a continuation for its answer; `[invalid]` where it finds none. */
export const gsm8kFilters = {
  /** The first number in the form of the examples. */
  'strict-match': (text: string): string => /#### (-?[0-9.,]+)/.exec(text)?.[1] ?? '[invalid]',
  /** The last one of whatever form. */
  'flexible-extract': (text: string): string => text.match(/-?[$0-9.,]{2,}|-?[0-9]+/g)?.at(-1) ?? '[invalid]',
} as const;

/** What the harness leaves out of both sides before it compares them, in its order. */
const ignored = [/,/g, /\$/g, /[\s\S]*#### /g, /\.(?=\n?$)/g];

/** A number as it is compared. */
export function normaliseAnswer(text: string): string {
  return ignored.reduce((rest, pattern) => rest.replace(pattern, ''), text).toLowerCase();
}

const filters = Object.entries(gsm8kFilters).map(([name, extract]) => ({ metric: `exactMatch,${name}`, extract }));

/** The reasoning is written in full; its answer is found by two filters, which may differ by much. */
export const gsm8k = defineTask<Gsm8kDoc>({
  name: 'gsm8k',
  version: '1',
  description: 'School arithmetic in words, answered step by step (test split)',
  source: 'Cobbe et al. 2021; lm-evaluation-harness gsm8k 3.0',
  metrics: filters.map(({ metric: name }) => ({ name, higherIsBetter: true, comparison: { test: 'mcnemar' } })),
  files: [testFile],
  documents: (data) => readRows(data, testFile),
  fewShot: {
    count: 5,
    files: [trainFile],
    async documents(data) {
      if (await data.has(trainFile)) return readRows(data, trainFile);
      throw new LowbitError(
        'TASK_DATA',
        `Expected ${trainFile} in the data folder, which gsm8k takes its examples from, found none; put the official file in place, or ask for none with --few-shot 0.`,
      );
    },
    sampler: 'default',
    leavesOut: false,
    example: ({ question, answer }) => ({ question: ask(question), answer }),
  },
  requests: ({ question }) => [
    {
      ...{ kind: 'generate', prompt: ask(question) },
      ...{ until: ['Question:', '</s>', '<|im_end|>'], maxTokens: 256 },
    },
  ],
  score({ answer }, results) {
    const [{ text }] = results.filter((result): result is GenerateResult => result.kind === 'generate');
    const right = normaliseAnswer(answer);
    return Object.fromEntries(
      filters.map(({ metric, extract }) => [metric, Number(normaliseAnswer(extract(text)) === right)]),
    );
  },
});

function ask(question: string): string {
  return `Question: ${question}\nAnswer:`;
}

async function readRows(data: DataFolder, file: string): Promise<Gsm8kDoc[]> {
  const rows = await readJsonLines(data, file);
  return rows.map((row) => {
    const [question, answer] = [row.text('question'), row.text('answer')];
    if (!/#### \S/.test(answer)) row.fail('answer has no "#### " with a number');
    return { question, answer };
  });
}
