import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { makeArtifacts, openSubject, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { isGreedy } from '../../core/test/fixtures/is-greedy.js';
import { registry } from '../test/tiny-recipes.js';

// SmolLM2, decoded with a cache: every token is the arg-max of a full forward pass.
const model = join(homedir(), '.cache/lowbit/models/SmolLM2-135M-Instruct');
const kernels = await loadKernels();
const device = { name: 'cpu', threads: 2 };
const texts = [
  'rtn(bits=4,groupSize=64)',
  'rtn(bits=4,groupSize=64)+kv(bits=2,window=32,keyAxis=channel,groupSize=32)',
];
const prompts = [
  'Question: A robe takes 2 bolts of blue fiber and half that much white fiber.  How many bolts in total does it take?\nAnswer:',
  'The capital of France is Paris, and the largest city of Germany, with three and a half million people in it, is',
];

t.test('float and recipes', async (t) => {
  const folder = t.testdir();
  const recipes = texts.map((text, i) => ({ recipe: resolveRecipe(text, registry), folder: join(folder, String(i)) }));
  const made = await makeArtifacts({ checkpoint: model, recipes, ...{ kernels, device, workFolder: folder } });
  t.strictSame([...made.values()], [undefined, undefined]);
  const [first] = recipes;
  const subjects = [
    [model, 'simulated'],
    ...recipes.map((each) => [each.folder, 'simulated'] as const),
    [first?.folder ?? '', 'executed'],
  ] as const;
  for (const [path, execution] of subjects) {
    const subject = await openSubject(path, { kernels, device, workFolder: folder, maxLength: 256, execution });
    const tokenizer = await subject.tokenizer();
    const ids = prompts.map((text) => tokenizer.encode(text, { special: true }));
    const found = (await subject.scorer.generate?.(ids, { maxTokens: 16, isLast: () => false })) ?? [];
    t.equal(found.length, 2);
    for (const [i, each] of found.entries()) {
      const greedy = await isGreedy(subject.scorer, ids[i] as Int32Array, each);
      t.ok(greedy.every(Boolean), `${execution}, ${tokenizer.decode(each.ids)}`);
    }
    await subject.release();
  }
});
