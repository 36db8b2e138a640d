import t from 'tap';
import { defineExperiment, parseExperiment } from '@lowbit/core';
import type { ExperimentSpec } from '@lowbit/core';

const smallest: ExperimentSpec = { name: 'small', models: ['models/a'], recipes: ['float'], tasks: ['piqa'] };

t.test('defaults are filled in and paths are relative to the file', async (t) => {
  t.same(parseExperiment(defineExperiment(smallest), '/there/experiment.json'), {
    name: 'small',
    title: 'small',
    notes: [],
    models: [{ name: undefined, path: '/there/models/a' }],
    recipes: [{ name: 'float', recipe: 'float' }],
    tasks: [{ name: 'piqa', limit: undefined, window: undefined, windows: undefined }],
    calibration: undefined,
    data: undefined,
    device: 'cpu',
    workers: undefined,
    threads: undefined,
    ropeFrequencies: 'float32',
    execution: 'simulated',
    distance: true,
    plugins: [],
  });
});

t.test('a task overrides the limits of the experiment', async (t) => {
  const tasks = ['piqa', { name: 'wikitext2', window: 256 }];
  const parsed = parseExperiment({ ...smallest, tasks, limit: 5, window: 128, windows: 3 }, 'e.json');
  t.same(parsed.tasks, [
    { name: 'piqa', limit: 5, window: 128, windows: 3 },
    { name: 'wikitext2', limit: 5, window: 256, windows: 3 },
  ]);
});

t.test('calibration: text and parts, a seed of the experiment only where none is named', async (t) => {
  const read = (calibration: ExperimentSpec['calibration']) =>
    parseExperiment({ ...smallest, calibration, seed: 7 }, '/there/e.json').calibration;
  t.match(read('text:sub/a.txt,samples=3'), {
    kind: 'text',
    file: '/there/sub/a.txt',
    shown: 'sub/a.txt',
    samples: 3,
    seed: 7,
  });
  t.equal(read('wikitext2,seed=1')?.seed, 1);
  t.equal(read('wikitext2,seed=first')?.seed, undefined);
  t.equal(read({ kind: 'wikitext2', seed: 0 })?.seed, 0);
  t.equal(read('token-ids:ids.json')?.seed, undefined);
});

t.test('plugins: modules by path, packages by name', async (t) => {
  const { plugins } = parseExperiment({ ...smallest, plugins: ['./mine.mjs', 'their-package'] }, '/there/e.json');
  t.same(plugins, ['/there/mine.mjs', 'their-package']);
});

for (const [what, value, message] of [
  ['an unknown key', { ...smallest, recipe: ['float'] }, /got 'recipe'; did you mean 'recipes'/],
  ['a missing key', { ...smallest, tasks: undefined }, /'tasks' of e\.json, got nothing/],
  ['an empty list', { ...smallest, models: [] }, /'models' of e\.json, got \[\]/],
  ['a value of the wrong type', { ...smallest, limit: 'all' }, /'limit' of e\.json, got "all"/],
  ['a value out of range', { ...smallest, limit: 0 }, /'limit' of e\.json, got 0; use at least 1\.$/],
  [
    'a fault inside a list',
    { ...smallest, tasks: [{ name: 'piqa', limit: -1 }] },
    /'tasks\.0\.limit' of e\.json, got -1/,
  ],
  ['a name that is no folder name', { ...smallest, name: '../up' }, /'name' of e\.json, got "\.\.\/up"/],
  ['no object', 7, /valid value at e\.json, got 7/],
] as const)
  t.test(`${what} is refused`, async (t) =>
    t.throws(() => parseExperiment(value, 'e.json'), { code: 'EXPERIMENT_OPTION', message }),
  );

t.test('calibration text that does not parse keeps its own code', async (t) =>
  t.throws(() => parseExperiment({ ...smallest, calibration: 'wikitex' }, 'e.json'), { code: 'CALIBRATION_SOURCE' }),
);
