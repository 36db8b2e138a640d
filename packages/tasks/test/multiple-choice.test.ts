import { openDataFolder, PythonRandom, type LogLikelihoodResult } from '@lowbit/core';
import { multipleChoice, tasks, type ChoiceDoc } from '@lowbit/tasks';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const task = multipleChoice<ChoiceDoc>({
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
  t.strictSame(await pairs(directory, 'lambada_standard'), [
    ['he sang a', ' song'],
    ["`` i do n't know , '' he", ' said'],
  ]);
  t.strictSame(await pairs(directory, 'hellaswag'), [
    ['Roof removal: A man sits on a roof. He and bob', ' falls.'],
    ['Roof removal: A man sits on a roof. He and bob', '  sings loud.'],
    ['Roof removal: A man sits on a roof. He and bob', '  runs '],
    ['Roof removal: A man sits on a roof. He and bob', ' ends'],
    ['Home: How to paint. Buy paint. Stir it ', ' falls.'],
    ['Home: How to paint. Buy paint. Stir it ', '  sings loud.'],
    ['Home: How to paint. Buy paint. Stir it ', '  runs '],
    ['Home: How to paint. Buy paint. Stir it ', ' ends'],
  ]);
  t.strictSame((await pairs(directory, 'hellaswag_text')).slice(0, 2), [
    ['Roof removal: A man. he', ' falls.'],
    ['Roof removal: A man. he', ' sings.'],
  ]);
  t.strictSame((await pairs(directory, 'openbookqa')).slice(0, 2), [
    ['What is 5?', ' It is A.'],
    ['What is 5?', ' It is B.'],
  ]);
  t.strictSame((await pairs(directory, 'sciq')).slice(2, 5), [
    ['It is so. \nQuestion: What is 1?\nAnswer:', ' c'],
    ['It is so. \nQuestion: What is 1?\nAnswer:', ' right 1'],
    ['\nQuestion: What is 2?\nAnswer:', ' a'],
  ]);
  t.strictSame((await pairs(directory, 'boolq')).slice(0, 2), [
    ['It -- It is so.\nQuestion: is it so?\nAnswer:', ' no'],
    ['It -- It is so.\nQuestion: is it so?\nAnswer:', ' yes'],
  ]);
  t.strictSame((await pairs(directory, 'cb')).slice(0, 3), [
    ['Is it 0?\nQuestion: it is 0. True, False, or Neither?\nAnswer:', ' True'],
    ['Is it 0?\nQuestion: it is 0. True, False, or Neither?\nAnswer:', ' False'],
    ['Is it 0?\nQuestion: it is 0. True, False, or Neither?\nAnswer:', ' Neither'],
  ]);
  t.strictSame(await pairs(directory, 'copa'), [
    ['The man slept therefore', '  the dog barked.'],
    ['The man slept therefore', '  a Cat came.'],
    ['The woman sang because', '  the dog barked.'],
    ['The woman sang because', '  a Cat came.'],
  ]);
  t.strictSame((await pairs(directory, 'rte')).slice(0, 2), [
    ['A b.\nQuestion: B a. True or False?\nAnswer:', ' True'],
    ['A b.\nQuestion: B a. True or False?\nAnswer:', ' False'],
  ]);
  t.strictSame((await pairs(directory, 'wic'))[0], [
    "Sentence 1: \u{1f600} A class act.\nSentence 2: Real class.\nQuestion: Is the word 'class' used in the same way in the two sentences above?\nAnswer:",
    ' no',
  ]);
  t.strictSame(
    (await pairs(directory, 'wsc')).filter((_, index) => index % 2 === 0),
    [
      [
        'Passage: Ann, who wasn\'t"in"(here), said that *she* left.\nQuestion: In the passage above, does the pronoun "*she*" refer to "*Ann*"?\nAnswer:',
        ' no',
      ],
      [
        'Passage: The ball went through the table as *it* was light.\nQuestion: In the passage above, does the pronoun "*it*" refer to "*the table*"?\nAnswer:',
        ' no',
      ],
    ],
  );
  const truths = (await pairs(directory, 'truthfulqa_mc2')) as string[][];
  t.match(truths[2], [/^Q: What is human[^]* Spain\.\n\nQ: What if\?\nA:$/, /^ None$/]);
  t.equal(truths.length, 5);
});

t.test("MC2 is the true answers' share of the probability", async (t) => {
  const mc2 = tasks.find(({ name }) => name === 'truthfulqa_mc2');
  const doc = { contexts: ['Q'], choices: ['a', 'b', 'c'], target: 0, isTrue: [true, false, true] };
  const share = (Math.exp(-2) + Math.exp(-4)) / (Math.exp(-2) + Math.exp(-3) + Math.exp(-4));
  t.ok(Math.abs((mc2?.score(doc, results(-2, -3, -4)).acc ?? NaN) - share) < 1e-15);
  const far = mc2?.score(doc, results(-2002, -2003, -2004)).acc ?? NaN;
  t.ok(Math.abs(far - share) < 1e-12, 'exp of each alone would be 0');
});

t.test('CB: accuracy and macro F1', async (t) => {
  const cb = tasks.find(({ name }) => name === 'cb');
  const doc = (target: number) => ({ contexts: ['Q'], choices: ['True', 'False', 'Neither'], target });
  // Likeliest: 0 1 1 0 of 0 1 0 1; nothing is of class 2, which counts as 0 of three.
  const guesses = [results(-1, -2, -3), results(-2, -1, -3), results(-2, -1, -1), results(-1, -1, -3)];
  const scores = [0, 1, 0, 1].map((target, index) => cb?.score(doc(target), guesses[index]) ?? {});
  t.strictSame(scores[2], { acc: 0, target: 0, prediction: 1 });
  const values = cb?.aggregate?.(scores) ?? [];
  t.match(values, [
    { metric: 'acc', value: 0.5, n: 4 },
    { metric: 'f1', n: 4 },
  ]);
  t.ok(Math.abs(values[1].value - (0.5 + 0.5 + 0) / 3) < 1e-15);
});

t.test('the standard error of macro F1 is that of leaving documents out', async (t) => {
  const cb = tasks.find(({ name }) => name === 'cb');
  const random = new PythonRandom(1);
  const f1 = (scores: Record<string, number>[]) => cb?.aggregate?.(scores)[1] ?? { value: NaN, stderr: NaN };
  const scores = Array.from({ length: 200 }, () => {
    const target = random.randint(0, 2);
    return { acc: 0, target, prediction: random.random() < 0.6 ? target : random.randint(0, 2) };
  });
  const without = scores.map((_, left) => f1(scores.filter((_, index) => index !== left)).value);
  const mean = without.reduce((sum, value) => sum + value, 0) / 200;
  const jackknife = Math.sqrt((without.reduce((sum, value) => sum + (value - mean) ** 2, 0) * 199) / 200);
  // The two agree but for terms of 1/n.
  t.ok(Math.abs((f1(scores).stderr ?? NaN) / jackknife - 1) < 0.01, `${f1(scores).stderr} and ${jackknife}`);
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
  t.strictSame(await targets('hellaswag'), [3, 0]);
  t.strictSame(await targets('hellaswag_text'), [1, 0]);
  t.strictSame(await targets('openbookqa'), [1, 3]);
  t.strictSame(await targets('sciq'), [3, 3]);
  t.strictSame(await targets('boolq'), [1, 0]);
  t.strictSame(await targets('cb'), [2, 1, 0]);
  t.strictSame(await targets('copa'), [1, 0]);
  t.strictSame(await targets('rte'), [1, 0]);
  t.strictSame(await targets('wic'), [0, 1]);
  t.strictSame(await targets('wsc'), [1, 0]);
  t.strictSame(await targets('truthfulqa_mc1'), [0, 1]);
});
