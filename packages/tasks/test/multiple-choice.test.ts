import { openDataFolder, type LogLikelihoodResult } from '@lowbit/core';
import { multipleChoice, tasks, type ChoiceDoc } from '@lowbit/tasks';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const task = multipleChoice({
  name: 'toy',
  version: '1',
  description: 'toy',
  source: 'toy',
  metrics: ['acc', 'accNorm'],
  files: [],
  documents: async () => [],
});
const results = (...logprobs: number[]): LogLikelihoodResult[] =>
  logprobs.map((logprob) => ({ kind: 'logLikelihood', logprob, isGreedy: false, tokens: 1 }));

t.test('each choice follows the context after a space', async (t) => {
  t.strictSame(task.requests({ contexts: ['Q:'], choices: ['a', 'b '], target: 0 }), [
    { kind: 'logLikelihood', context: 'Q:', continuation: ' a' },
    { kind: 'logLikelihood', context: 'Q:', continuation: ' b ' },
  ]);
});

t.test('acc by sums, accNorm by characters without the space', async (t) => {
  const doc: ChoiceDoc = { contexts: ['Q'], choices: ['ab', 'abcdefgh'], target: 0 };
  t.strictSame(task.score(doc, results(-2, -4)), { acc: 1, accNorm: 0 });
  t.strictSame(task.score({ ...doc, target: 1 }, results(-2, -4)), { acc: 0, accNorm: 1 });
});

t.test('characters are code points, as in Python', async (t) => {
  // -6 / 3 against -4.8 / 2: two of the emoji would win if they counted as four.
  const doc: ChoiceDoc = { contexts: ['Q'], choices: ['abc', '\u{1f600}\u{1f600}'], target: 0 };
  t.match(task.score(doc, results(-6, -4.8)), { accNorm: 1 });
});

t.test('the first of equals wins', async (t) => {
  const doc: ChoiceDoc = { contexts: ['Q'], choices: ['a', 'b'], target: 1 };
  t.strictSame(task.score(doc, results(-3, -3)), { acc: 0, accNorm: 0 });
  t.strictSame(task.score({ ...doc, target: 0 }, results(-3, -3)), { acc: 1, accNorm: 1 });
});

t.test('contexts can be what is chosen', async (t) => {
  const doc: ChoiceDoc = { contexts: ['Ann', 'Bea'], choices: ['left.'], target: 1 };
  t.strictSame(
    task.requests(doc).map((request) => (request.kind === 'logLikelihood' ? request.context : '')),
    ['Ann', 'Bea'],
  );
  t.strictSame(task.score(doc, results(-3, -1)), { acc: 1, accNorm: 1 });
});

/** Context and continuation of every request of a task's first documents on the tiny data. */
async function pairs(directory: string, name: string): Promise<unknown[]> {
  const found = tasks.find((each) => each.name === name);
  if (!found) throw new Error(`There is no task ${name}.`);
  const docs = await found.documents(openDataFolder(directory));
  return docs.flatMap((doc) =>
    found
      .requests(doc)
      .map((request) => (request.kind === 'logLikelihood' ? [request.context, request.continuation] : [])),
  );
}

t.test("the tasks' texts", async (t) => {
  const directory = t.testdir(tinyData());
  t.strictSame((await pairs(directory, 'piqa')).slice(0, 2), [
    ['Question: open a jar\nAnswer:', ' turn the lid'],
    ['Question: open a jar\nAnswer:', ' turn the jar over '],
  ]);
  t.strictSame((await pairs(directory, 'arc_challenge')).slice(5), [
    ['Question: What is 4?\nAnswer:', ' It is A.'],
    ['Question: What is 4?\nAnswer:', ' It is B.'],
    ['Question: What is 4?\nAnswer:', ' It is C.'],
  ]);
  t.strictSame((await pairs(directory, 'winogrande')).slice(0, 2), [
    ['The cup fits the box because the cup', ' is small .'],
    ['The cup fits the box because the box', ' is small .'],
  ]);
  t.strictSame(await pairs(directory, 'lambada_openai'), [
    ['He sang a', ' song'],
    ['Two words.\n\n"Yes, ', ' no'],
  ]);
});

t.test('labels are indices of the choices', async (t) => {
  const data = openDataFolder(t.testdir(tinyData()));
  const targets = async (name: string): Promise<unknown[]> => {
    const docs = (await tasks.find((each) => each.name === name)?.documents(data)) ?? [];
    return docs.map((doc) => Reflect.get(Object(doc), 'target'));
  };
  t.strictSame(await targets('piqa'), [0, 1]);
  t.strictSame(await targets('arc_easy'), [1, 2]);
  t.strictSame(await targets('arc_challenge'), [4, 0]);
  t.strictSame(await targets('winogrande'), [0, 1]);
});
