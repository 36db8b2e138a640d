import { openDataFolder, type Task } from '@lowbit/core';
import { tasks, type ChoiceDoc } from '@lowbit/tasks';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const find = (name: string): Task => {
  const task = tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}.`);
  return task;
};

t.test('tinystories scores each story whole, after one BOS', async (t) => {
  const task = find('tinystories');
  const docs = await task.documents(openDataFolder(t.testdir(tinyData())));
  t.equal(docs.length, 5);
  t.match(task.requests(docs[1]), [{ kind: 'rolling', text: /^Once there was .*The end\.$/, special: false }]);
  const scores = [task.score('', [{ kind: 'rolling', logprob: -6, tokens: 2 }]), { logprob: -6, tokens: 4 }];
  t.match(task.aggregate?.(scores), [{ value: Math.exp(2), n: 2 }], 'per token, not per story');
});

t.test('story_continuation asks for the sentence after the third', async (t) => {
  const docs = (await find('story_continuation').documents(openDataFolder(t.testdir(tinyData())))) as ChoiceDoc[];
  t.equal(docs.length, 5);
  for (const [index, { contexts, choices, target }] of docs.entries()) {
    t.strictSame(contexts, [`Once there was a fox. It had ${index + 1} hats. "Nice!" it said.`]);
    t.equal(choices[target], `Then number ${index + 1} was lost.`);
    t.equal(new Set(choices).size, 4, 'three others, none twice');
  }
  t.ok(new Set(docs.map(({ target }) => target)).size > 1, 'the right one has no fixed place');
});

t.test(
  'sentences end at marks and closing quotes; line breaks are spaces; equal sentences are not offered',
  async (t) => {
    const story = (fourth: string): string => `A cat\nsat. "Why?" it asked! "So." ${fourth} More.`;
    const fourths = ['It ran.', 'It hid.', 'It slept.', 'It ate.', 'It ran.', 'It.'];
    const text = [...fourths.map(story), 'Too short. Story.'].join('\n<|endoftext|>\n');
    const docs = (await find('story_continuation').documents(
      openDataFolder(t.testdir({ 'stories.txt': text })),
    )) as ChoiceDoc[];
    t.equal(docs.length, 6);
    t.ok(docs.every(({ contexts }) => contexts[0] === 'A cat sat. "Why?" it asked! "So."'));
    t.ok(docs.every(({ choices }) => choices.filter((choice) => choice === 'It ran.').length <= 1));
  },
);
