import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import {
  defineMethod,
  makeArtifacts,
  makeRotation,
  openArtifact,
  permuteInner,
  permuteInput,
  permuteResidual,
  Registry,
  resolveRecipe,
  rotateInput,
  z,
} from '@lowbit/core';
import type { ModelDraft } from '@lowbit/core';
import { hadamardFactors, loadKernels } from '@lowbit/kernels';
import { tinyIds, tinyLosses } from '../../core/test/fixtures/losses.js';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import { tinyConfigs } from '../../core/test/fixtures/tiny-configs.js';
import { permute, randomOrder } from './support/permute.js';

// Only the order of float32 sums changes.
const tolerance = 1e-5;
const kernels = await loadKernels();
type Family = keyof typeof tinyConfigs;

/** Makes the artifacts of recipes on a tiny checkpoint beside it. */
async function make(workFolder: string, family: Family, registry: Registry, texts: readonly string[]) {
  const checkpoint = join(workFolder, 'model');
  await makeTinyCheckpoint(checkpoint, { family });
  const recipes = texts.map((text, i) => ({
    recipe: resolveRecipe(text, registry),
    folder: join(workFolder, `artifact-${i}`),
  }));
  const device = { name: 'cpu', threads: 1 };
  const outcome = await makeArtifacts({ checkpoint, recipes, kernels, device, workFolder });
  return { checkpoint, artifacts: recipes.map(({ folder }) => folder), outcome };
}

const methods = new Registry();
methods.add({ methods: [permute] });
const [residual, inner, inputs] = [
  'inner=false,inputs=false',
  'residual=false,inputs=false',
  'residual=false,inner=false',
];

for (const family of Object.keys(tinyConfigs) as Family[])
  t.test(`${family}: every permutation leaves the losses`, async (t) => {
    const folder = t.testdir();
    const texts = [...[residual, inner, inputs].map((options) => `permute(${options})`), 'permute'];
    const { checkpoint, artifacts, outcome } = await make(folder, family, methods, texts);
    const float = await tinyLosses(checkpoint, folder);
    for (const [i, text] of texts.entries()) {
      t.equal(outcome.get(text), undefined, text);
      const losses = await tinyLosses(artifacts[i] as string, folder);
      const moved = Math.max(...losses.map((loss, j) => Math.abs(loss - (float[j] as number))));
      t.equal(losses.length, tinyIds.length - 1);
      t.ok(moved < tolerance, `${text}: losses moved by ${moved}`);
      t.ok(moved > 0, `${text}: sums are taken in another order`);
    }
    const { record, readOperators } = await openArtifact(artifacts[3] as string);
    const perBlock = record.decoder.blocks.map(({ attention, mlp }) => attention.inputs.length + mlp.inputs.length + 2);
    t.equal(
      (await readOperators()).size,
      perBlock.reduce((a, b) => a + b, 0),
      'an operator at every linear',
    );
    t.same((await openArtifact(artifacts[0] as string)).record.operators, {}, 'none where all is folded');
  });

/** The error of a method that makes these edits on a tiny llama. */
async function refusal(t: Test, edit: (draft: ModelDraft) => void) {
  const registry = new Registry();
  const prepare = (draft: ModelDraft): Promise<void> => Promise.resolve(edit(draft));
  const shared = { version: '1', description: 'for this test', source: 'none', options: z.object({}) };
  registry.add({ methods: [defineMethod({ ...shared, name: 'edits', prepare })] });
  return (await make(t.testdir(), 'llama', registry, ['edits'])).outcome.get('edits');
}

t.test('refused where an operator lies between, and where the order is none', async (t) => {
  const mlpOf = (draft: ModelDraft) => {
    const { block } = draft.blocks[0] as (typeof draft.blocks)[number];
    return { block, mlp: block.mlp, order: randomOrder(block.mlp.down.cols, 1) };
  };
  await t.test('behind a Hadamard', async (t) => {
    const error = await refusal(t, (draft) => {
      const { block, mlp, order } = mlpOf(draft);
      rotateInput(draft, mlp.down, makeRotation(hadamardFactors(mlp.down.cols)), kernels);
      permuteInner(draft, block, order);
    });
    t.match(error, { code: 'EDIT_REFUSED', message: /already passes a rotate operator/ });
  });
  await t.test('a scale at an output', async (t) => {
    const error = await refusal(t, (draft) => {
      const { block, mlp, order } = mlpOf(draft);
      const factors = new Float32Array(mlp.down.cols).fill(2);
      draft.setOperators(`${mlp.inputs[1]?.name ?? ''}.output`, [{ kind: 'scale', factors }]);
      permuteInner(draft, block, order);
    });
    t.match(error, { code: 'EDIT_REFUSED', message: /output already passes a scale operator/ });
  });
  await t.test('a quantized input', async (t) => {
    const error = await refusal(t, (draft) => {
      const { mlp, order } = mlpOf(draft);
      const quantize = { kind: 'quantize', bits: 8, symmetric: true, granularity: 'token', clipRatio: 1 } as const;
      draft.setOperators(`${mlp.down.name}.input`, [quantize]);
      permuteInput(draft, mlp.down, order);
    });
    t.match(error, { code: 'EDIT_REFUSED', message: /quantized already/ });
  });
  await t.test('an order with a channel twice', async (t) => {
    const error = await refusal(t, (draft) => permuteResidual(draft, new Int32Array(draft.decoder.hiddenSize)));
    t.match(error, { code: 'METHOD_FAILED', message: /all 64 channels, each once/ });
  });
});
