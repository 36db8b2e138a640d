import { join } from 'node:path';
import t from 'tap';
import { defineMethod, inspectSubject, makeArtifacts, openArtifact, Registry, resolveRecipe, z } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';

const device = { name: 'cpu', threads: 1 };

t.test('edits that are not encoded are stored, operators that cannot be stored are refused', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'llama', dtype: 'BF16' });
  const kernels = await loadKernels();
  const own = new Registry();
  const shared = { version: '1', description: 'for this test', source: 'none', options: z.object({}) };
  own.add({
    methods: [
      defineMethod({
        ...shared,
        name: 'halve',
        block: async ({ layers }) => {
          for (const layer of layers) layer.setWeight((await layer.weight()).data.map((w) => w / 2));
        },
      }),
      defineMethod({
        ...shared,
        name: 'scale',
        prepare: async (draft) => {
          const { linear } = draft.blocks[0]?.layers[0] ?? {};
          draft.setOperators(`${linear?.name}.input`, [
            { kind: 'scale', factors: new Float32Array(linear?.cols ?? 0).fill(2) },
          ]);
        },
      }),
    ],
  });
  const recipes = ['halve', 'scale'].map((name) => ({ recipe: resolveRecipe(name, own), folder: join(folder, name) }));
  const outcome = await makeArtifacts({ checkpoint, recipes, kernels, device, workFolder: folder });
  t.equal(outcome.get('halve'), undefined);
  const { tensors, record } = await openArtifact(join(folder, 'halve'));
  const float = await inspectSubject(checkpoint, kernels);
  t.not(record.digest, float.digest);
  t.equal(tensors.get(float.decoder.blocks[0]?.mlp.down.weight.tensor ?? '')?.dtype, 'F32');
  t.equal((await inspectSubject(join(folder, 'halve'), kernels)).bitsPerWeight, 32);
  t.match(outcome.get('scale'), { code: 'METHOD_FAILED', message: /operators/ });
});
