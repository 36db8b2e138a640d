import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import {
  defineMethod,
  inspectSubject,
  makeArtifacts,
  openArtifact,
  openSubject,
  Registry,
  resolveRecipe,
  z,
} from '@lowbit/core';
import { makeRotation, rotateInput, scaleStage } from '@lowbit/core';
import type { Block, Method } from '@lowbit/core';
import { hadamardFactors, loadKernels } from '@lowbit/kernels';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';

const device = { name: 'cpu', threads: 1 };
const kernels = await loadKernels();
const shared = { version: '1', description: 'for this test', source: 'none', options: z.object({}) };
const ids = Int32Array.from({ length: 24 }, (_, i) => (i * 7) % 60);

/** Makes the artifact of one method on a tiny checkpoint; its folder, the float model's beside it. */
async function edit(t: Test, method: Method, family: 'llama' | 'opt' | 'gpt2' = 'llama') {
  const folder = t.testdir();
  const [checkpoint, artifact] = [join(folder, 'model'), join(folder, 'artifact')];
  await makeTinyCheckpoint(checkpoint, { family, dtype: 'BF16' });
  const registry = new Registry();
  registry.add({ methods: [method] });
  const recipes = [{ recipe: resolveRecipe(method.name, registry), folder: artifact }];
  const outcome = await makeArtifacts({ checkpoint, recipes, kernels, device, workFolder: folder });
  return { checkpoint, artifact, error: outcome.get(method.name) };
}

async function lossesOf(path: string, workFolder: string): Promise<Float32Array> {
  const subject = await openSubject(path, { kernels, device, workFolder });
  const [losses] = await subject.scorer.scoreSequences([ids]);
  await subject.release();
  return losses as Float32Array;
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN))));

t.test('edits that are not encoded are stored', async (t) => {
  const halve = defineMethod({
    ...shared,
    name: 'halve',
    block: async ({ layers }) => {
      for (const layer of layers) layer.setWeight((await layer.weight()).data.map((w) => w / 2));
    },
  });
  const { checkpoint, artifact, error } = await edit(t, halve);
  t.equal(error, undefined);
  const { tensors, record } = await openArtifact(artifact);
  const float = await inspectSubject(checkpoint, kernels);
  t.not(record.digest, float.digest);
  t.equal(tensors.get(float.decoder.blocks[0]?.mlp.down.weight.tensor ?? '')?.dtype, 'F32');
  t.equal((await inspectSubject(artifact, kernels)).bitsPerWeight, 32);
});

t.test('operators are stored: a scale at an input undoes halved weights', async (t) => {
  const byCols = new Map<number, Float32Array>();
  const undo = defineMethod({
    ...shared,
    name: 'undo',
    prepare: async (draft) => {
      for (const { layers } of draft.blocks)
        for (const layer of layers) {
          draft.edit(layer.linear.weight.tensor, (values) => values.map((w) => w / 2));
          const { cols } = layer.linear;
          const factors = byCols.get(cols) ?? new Float32Array(cols).fill(2);
          byCols.set(cols, factors);
          draft.setOperators(`${layer.linear.name}.input`, [{ kind: 'scale', factors }]);
        }
    },
  });
  const { checkpoint, artifact, error } = await edit(t, undo);
  t.equal(error, undefined);
  const folder = t.testdirName;
  t.ok(distance(await lossesOf(artifact, folder), await lossesOf(checkpoint, folder)) < 1e-6);
  const { record, tensors } = await openArtifact(artifact);
  t.equal(Object.keys(record.operators).length, record.decoder.blocks.length * 7);
  const arrays = [...tensors.keys()].filter((name) => name.startsWith('operators.'));
  t.equal(arrays.length, byCols.size, 'an array that sites share is stored once');
});

t.test('a bias that the family does not have, and a head of its own', async (t) => {
  const structure = defineMethod({
    ...shared,
    name: 'structure',
    prepare: async (draft) => {
      const { linear } = draft.blocks[0]?.layers[0] ?? {};
      if (linear) draft.addBias(linear, linear.name, linear.rows);
      draft.untieHead();
      draft.edit(draft.decoder.head.weight.tensor, (values) => values.map((w) => 2 * w));
      const norm = draft.decoder.finalNorm;
      if (norm) draft.edit(norm.weight.tensor, (values) => values.map((w) => w / 2));
    },
  });
  const { checkpoint, artifact, error } = await edit(t, structure);
  t.equal(error, undefined);
  const folder = t.testdirName;
  t.ok(distance(await lossesOf(artifact, folder), await lossesOf(checkpoint, folder)) < 1e-6);
  t.equal((await openArtifact(artifact)).record.decoder.head.tied, false);
});

t.test(
  'a scale is refused where the input passes a transform, and what was written reaches an untied head',
  async (t) => {
    const late = defineMethod({
      ...shared,
      name: 'late',
      prepare: async (draft, { kernels }) => {
        const block = draft.blocks[0]?.block as Block;
        rotateInput(draft, block.mlp.down, makeRotation(hadamardFactors(block.mlp.down.cols)), kernels);
        scaleStage(draft, block, 'down', new Float32Array(block.mlp.down.cols).fill(2));
      },
    });
    t.match((await edit(t, late)).error, { code: 'EDIT_REFUSED', message: /already passes a rotate operator/ });
    const halved = defineMethod({
      ...shared,
      name: 'halved',
      prepare: async (draft) => {
        const { tensor } = draft.decoder.embedding.token;
        const values = (await draft.read(tensor)).map((x) => x / 2);
        draft.write(tensor, values);
        draft.untieHead();
        t.same(await draft.read(draft.decoder.head.weight.tensor), values);
      },
    });
    t.equal((await edit(t, halved, 'gpt2')).error, undefined);
  },
);
