import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { z } from 'zod';
import {
  checkNeed,
  defineMethod,
  defineTask,
  estimateNeed,
  makePlan,
  parseExperiment,
  Registry,
  totalNeed,
} from '@lowbit/core';
import type { ExperimentSpec, Plan } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';

const model = fileURLToPath(new URL('../../../models/stories260k', import.meta.url));
const kernels = await loadKernels();

interface Changes extends Partial<ExperimentSpec> {
  methodVersion?: string;
  taskVersion?: string;
  /** Code of the plugin. */
  code?: string;
  text?: string;
}

/** Two recipes (one needs statistics) on two tasks, with what a test changes. */
async function plan(
  folder: string,
  { methodVersion = '1', taskVersion = '1', code = 'a', text = 'b', ...spec }: Changes = {},
): Promise<Plan> {
  await writeFile(join(folder, 'method.js'), code);
  await writeFile(join(folder, 'text.txt'), text);
  const options = z.object({ bits: z.int().default(4) });
  const shared = { description: '', source: '', options, bits: ({ bits }: { bits: number }) => bits };
  const plain = defineMethod({ name: 'plain', version: methodVersion, ...shared });
  const fed = defineMethod({
    name: 'fed',
    version: '1',
    ...shared,
    needs: () => ({ statistics: ['hessian'], inputs: 'float' }),
  });
  const [one, two] = ['one', 'two'].map((name) =>
    defineTask({
      ...{
        name,
        version: name === 'one' ? taskVersion : '1',
        description: '',
        source: '',
        metrics: [],
        files: ['text.txt'],
      },
      documents: async (data) => [await data.readText('text.txt')],
      requests: () => [],
      score: () => ({}),
    }),
  );
  const registry = new Registry();
  registry.add({ methods: [plain] }, new URL(`file://${folder}/method.js`));
  registry.add({ methods: [fed], tasks: [one, two].filter((task) => task !== undefined) });
  const calibration = `text:${model}/stories.txt,samples=2,sequenceLength=32`;
  const full = {
    name: 'p',
    models: [model],
    recipes: ['float', 'plain', 'fed'],
    tasks: ['one', 'two'],
    calibration,
    data: folder,
    ...spec,
  };
  return makePlan({ experiment: parseExperiment(full, join(folder, 'e.json')), registry, kernels });
}

t.test('cells are in table order, and what changes a value changes its digest and no other', async (t) => {
  const folder = t.testdir();
  const base = await plan(folder);
  const names = base.cells.map(({ recipe, task }) => `${recipe} ${task}`);
  t.same(names, ['float one', 'float two', 'plain one', 'plain two', 'fed one', 'fed two']);
  t.equal(new Set(base.cells.map(({ digest }) => digest)).size, 6);
  const changed = async (changes: Changes): Promise<string[]> => {
    const { cells } = await plan(folder, changes);
    return names.filter((_, i) => cells[i]?.digest !== base.cells[i]?.digest);
  };
  const of = (...words: string[]): string[] => names.filter((name) => words.some((word) => name.includes(word)));
  const calibration = `text:${model}/stories.txt,samples=3,sequenceLength=32`;
  t.same(await changed({}), []);
  t.same(await changed({ title: 'Another', notes: ['more'], workers: 2, name: 'q' }), []);
  t.same(await changed({ methodVersion: '2' }), of('plain'));
  t.same(await changed({ code: 'changed' }), of('plain'));
  t.same(await changed({ recipes: ['float', 'plain(bits=3)', 'fed'] }), of('plain'));
  t.same(await changed({ recipes: ['float', { name: 'renamed', recipe: 'plain' }, 'fed'] }), [], 'a name is no value');
  t.same(await changed({ recipes: ['float', 'plain(bits=4)', 'fed'] }), [], 'a default written out is the same');
  t.same(await changed({ calibration }), of('fed'));
  t.same(await changed({ taskVersion: '2' }), of('one'));
  t.same(await changed({ text: 'other' }), names);
  t.same(await changed({ tasks: [{ name: 'one', limit: 3 }, 'two'] }), of('one'));
  t.same(await changed({ window: 64 }), names);
  t.same(await changed({ windows: 2 }), names);
  t.same(await changed({ ropeFrequencies: 'bfloat16' }), names);
  t.same(await changed({ execution: 'executed' }), of('plain', 'fed'));
  const artifacts = ({ cells }: Plan) => cells.map(({ artifact }) => artifact);
  t.same(
    artifacts(await plan(folder, { execution: 'executed' })),
    artifacts(base),
    'what is executed is the same artifact',
  );
});

t.test("a changed checkpoint changes every digest, its folder's name none", async (t) => {
  const folder = t.testdir();
  const base = await plan(folder);
  const copy = join(folder, 'copy');
  await cp(model, copy, { recursive: true });
  t.same(
    (await plan(folder, { models: [copy] })).cells.map(({ digest }) => digest),
    base.cells.map(({ digest }) => digest),
  );
  await writeFile(join(copy, 'tokenizer_config.json'), '{"add_bos_token": false}');
  const after = await plan(folder, { models: [copy] });
  t.ok(after.cells.every(({ digest }, i) => digest !== base.cells[i]?.digest));
});

t.test('the same cell twice, or statistics without calibration, is refused', async (t) => {
  const folder = t.testdir();
  const refuse = (changes: Changes, code: string, message: RegExp) =>
    t.rejects(plan(folder, changes), { code, message });
  await refuse(
    { recipes: ['plain', 'plain(bits=4)'] },
    'EXPERIMENT_OPTION',
    /'plain' and 'plain\(bits=4\)' come to the same/,
  );
  await refuse({ recipes: ['plain', 'plain'] }, 'EXPERIMENT_OPTION', /came twice/);
  await refuse({ tasks: ['one', 'one'] }, 'EXPERIMENT_OPTION', /'one' came twice/);
  await refuse({ models: [model, model] }, 'EXPERIMENT_OPTION', /'stories260k' came twice/);
  await refuse({ calibration: undefined }, 'METHOD_NEEDS', /fed/);
  await refuse({ window: 513 }, 'EXPERIMENT_OPTION', /512/);
});

t.test('memory and disk are asked for before long work', async (t) => {
  const { models } = await plan(t.testdir());
  const missing = new Set(models.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)));
  const need = totalNeed(estimateNeed(models, missing, 1));
  // 260,032 parameters in float32, and activations besides.
  t.ok(need.memory > 260032 * 4 && need.memory < 260032 * 4 + 1e8);
  t.ok(need.disk > 0);
  t.ok(estimateNeed(models, missing, 2).memory === 2 * need.memory);
  t.doesNotThrow(() => checkNeed(need, need, '/there'));
  t.throws(() => checkNeed(need, { ...need, memory: need.memory - 1 }, '/there'), { code: 'RESOURCE_MEMORY' });
  t.throws(() => checkNeed(need, { ...need, disk: need.disk - 1 }, '/there'), {
    code: 'RESOURCE_DISK',
    message: /\/there/,
  });
});
