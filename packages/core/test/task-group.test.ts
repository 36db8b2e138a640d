import { defineTask, expandGroups, Registry, type TaskChoice, type TaskGroup } from '@lowbit/core';
import t from 'tap';

const task = (name: string) =>
  defineTask({
    ...{ name, version: '1', description: '', source: '', files: [] },
    metrics: [
      { name: 'acc', higherIsBetter: true },
      { name: 'perplexity', higherIsBetter: false },
    ],
    documents: async () => [],
    requests: () => [],
    score: () => ({}),
  });

function group(name: string, members: string[], metric = 'acc'): TaskGroup {
  return {
    ...{ name, description: '', source: '', protocol: 'mean/acc' },
    members: members.map((each) => ({ task: each, metric })),
  };
}

const registry = new Registry();
registry.add({
  tasks: ['a', 'b', 'c'].map(task),
  groups: [group('ab', ['a', 'b']), group('bc', ['b', 'c']), group('none', ['d']), group('low', ['a'], 'perplexity')],
});
const choice = (name: string, limit?: number): TaskChoice => ({ name, limit, window: undefined, windows: undefined });
const expand = (...choices: TaskChoice[]) => {
  const { tasks, groups } = expandGroups(choices, registry);
  return [tasks.map(({ name, limit }) => [name, limit]), groups.map(({ name }) => name)];
};

t.test('a group stands for its tasks, each once, with its limits', async (t) => {
  t.same(expand(choice('c'), choice('ab', 5)), [
    [
      ['c', undefined],
      ['a', 5],
      ['b', 5],
    ],
    ['ab'],
  ]);
  t.same(expand(choice('ab'), choice('bc'), choice('b')), [
    [
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
    ],
    ['ab', 'bc'],
  ]);
  t.same(
    expand(choice('a'), choice('a')),
    [
      [
        ['a', undefined],
        ['a', undefined],
      ],
      [],
    ],
    'a task that is named twice without a group is left for the plan to refuse',
  );
});

t.test('what cannot be meant is refused', async (t) => {
  t.throws(() => expand(choice('b', 3), choice('ab')), {
    code: 'EXPERIMENT_OPTION',
    message: /one limit for b, .* got 3 and none/,
  });
  t.throws(() => expand(choice('none')), { code: 'TASK_UNKNOWN', message: /got 'd'/ });
  t.throws(() => expand(choice('low')), { code: 'TASK_UNKNOWN', message: /Expected a to have perplexity, higher/ });
  t.throws(() => new Registry().add({ tasks: [task('x')], groups: [group('x', [])] }), {
    code: 'PLUGIN_NAME',
    message: /'x' is both/,
  });
});
