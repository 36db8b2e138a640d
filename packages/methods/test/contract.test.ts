import { join } from 'node:path';
import t from 'tap';
import {
  decodeWeight,
  inspectSubject,
  makeArtifacts,
  openArtifact,
  openCheckpoint,
  openSubject,
  quantize,
  Registry,
  resolveRecipe,
} from '@lowbit/core';
import type { Draft, Subject } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { gptq, methods, presets, rtn } from '@lowbit/methods';
import { magr } from '../../../examples/write-a-method/magr.js';
import { truncate } from '../../../templates/method/truncate.js';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';

const device = { name: 'cpu', threads: 1 };
const registry = new Registry();
registry.add({ methods, presets });
registry.add({ methods: [magr, truncate] });

const sequence = (seed: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => (seed * 7919 + i * i * 31 + i * 17) % 250);
const calibration = {
  sequences: Array.from({ length: 8 }, (_, i) => sequence(i, i === 7 ? 20 : 48)),
  record: {
    source: 'made by a formula',
    samples: 8,
    sequenceLength: 48,
    tokens: 356,
    seed: undefined,
    tokenSha256: '0',
  },
};
const scored = [sequence(101, 60), sequence(102, 60)];

async function losses(path: string, workFolder: string): Promise<number[]> {
  const subject: Subject = await openSubject(path, { kernels: await loadKernels(), device, workFolder, maxLength: 64 });
  const nll = await subject.scorer.scoreSequences(scored);
  await subject.release();
  return nll.flatMap((each) => [...each]);
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A method of the package without a recipe here fails the walk. The template and the example are held to the same. */
const recipeOf: Record<string, string> = {
  rtn: 'rtn(bits=4,groupSize=16)',
  gptq: 'gptq(bits=4,groupSize=16)',
  awq: 'awq(bits=4,groupSize=16)',
  smoothquant: 'smoothquant+rtn(bits=4,groupSize=16)',
  quarot: 'quarot+gptq(bits=4,groupSize=16)',
  activations: 'rtn(bits=4,groupSize=16)+activations(bits=8)',
  kv: 'rtn(bits=4,groupSize=16)+kv(bits=4,window=16,keyAxis=channel,groupSize=8)',
  kvquant: 'rtn(bits=4,groupSize=16)+kvquant(bits=4)',
  magr: 'magr(iterations=20)+rtn(bits=4,groupSize=16)',
  truncate: 'truncate(bits=6,keep=0.95)',
};

for (const family of ['llama', 'opt', 'gpt2'] as const) {
  t.test(`every method on a tiny ${family}`, async (t) => {
    const folder = t.testdir();
    const checkpoint = join(folder, 'model');
    await makeTinyCheckpoint(checkpoint, { family });
    const kernels = await loadKernels();
    const float = await losses(checkpoint, folder);
    for (const method of [...methods, truncate]) {
      const text = recipeOf[method.name];
      t.ok(text, `${method.name} has a recipe here`);
      const recipe = resolveRecipe(text ?? '', registry);
      const artifact = join(folder, method.name);
      const outcome = await makeArtifacts({
        checkpoint,
        recipes: [{ recipe, folder: artifact }],
        calibration,
        kernels,
        device,
        workFolder: folder,
      });
      t.equal(outcome.get(recipe.name), undefined, 'no error');
      const info = await inspectSubject(artifact, kernels);
      t.ok(info.bitsPerWeight > 4 && info.bitsPerWeight < 7, `${info.bitsPerWeight} bits per weight`);
      t.equal(
        info.layers.length,
        (await inspectSubject(checkpoint, kernels)).decoder.blocks.flatMap((block) => [
          ...block.attention.inputs,
          ...block.mlp.inputs,
          0,
          0,
        ]).length,
      );
      const stored = await losses(artifact, folder);
      t.notSame(stored, float, 'the weights changed');
      t.ok(Math.abs(mean(stored) - mean(float)) < 0.5, 'and still predict alike');
      for (const layer of info.layers)
        t.ok(layer.weightError > 0 && layer.weightError < 0.2, `${layer.layer}: ${layer.weightError}`);
    }
  });
}

t.test('stored and simulated tensors are the same floats', async (t) => {
  const folder = t.testdir();
  const checkpointPath = join(folder, 'model');
  await makeTinyCheckpoint(checkpointPath, { family: 'gpt2', dtype: 'BF16' });
  const kernels = await loadKernels();
  const model = await openCheckpoint(checkpointPath, kernels);
  const recipe = resolveRecipe(
    'gptq(bits=3,groupSize=16,symmetric=false,actOrder=group,groupScales=dynamic,scaleType=float16)',
    registry,
  );
  const simulated = new Map<string, Float32Array>();
  await quantize({
    model,
    sources: model.tensors,
    recipes: [recipe],
    calibration: calibration.sequences,
    kernels,
    device,
    workFolder: folder,
    budgetBytes: 1e9,
    onBlock: async (_, block) => {
      for (const { linear } of block.layers) {
        const encoded = (block.draft as Draft).encoded.get(linear.weight.tensor);
        if (encoded) simulated.set(linear.weight.tensor, await decodeWeight(encoded, kernels));
      }
    },
  });
  const artifact = join(folder, 'artifact');
  await makeArtifacts({
    checkpoint: checkpointPath,
    recipes: [{ recipe, folder: artifact }],
    calibration,
    kernels,
    device,
    workFolder: folder,
  });
  const opened = await openArtifact(artifact);
  t.equal(simulated.size, Object.keys(opened.record.weights).length);
  for (const [tensor, values] of simulated)
    t.same(await decodeWeight(await opened.readWeight(tensor), kernels), values, tensor);
});

t.test('GPTQ is below round-to-nearest in its own objective, more bits are better, 8 bits equal float', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'llama' });
  const kernels = await loadKernels();
  const texts = [
    'gptq(bits=2,groupSize=16)',
    'gptq(bits=3,groupSize=16)',
    'gptq(bits=8,groupSize=16)',
    'gptq(bits=3,groupSize=16,trueSequential=true)',
    'gptq(bits=3,groupSize=16,inputs=float,actOrder=static)',
  ];
  const recipes = texts.map((text, i) => ({
    recipe: resolveRecipe(text, registry),
    folder: join(folder, `artifact-${i}`),
  }));
  const outcome = await makeArtifacts({ checkpoint, recipes, calibration, kernels, device, workFolder: folder });
  t.same(
    [...outcome.values()],
    texts.map(() => undefined),
  );
  const float = await losses(checkpoint, folder);
  const distance: number[] = [];
  for (const [i, { folder: artifact }] of recipes.entries()) {
    const { layers } = await inspectSubject(artifact, kernels);
    const worse = layers.filter(
      ({ squaredOutputError = 0, rtnSquaredOutputError = 0 }) => squaredOutputError > rtnSquaredOutputError,
    );
    t.same(
      worse.map(({ layer }) => layer),
      [],
      texts[i],
    );
    const stored = await losses(artifact, folder);
    distance.push(mean(stored.map((loss, k) => Math.abs(loss - (float[k] as number)))));
  }
  const [two = 0, three = 0, eight = 0] = distance;
  t.ok(two > three && three > eight, `${two} > ${three} > ${eight}`);
  t.ok(eight < 0.02, '8 bits are close to float');
});

t.test('recipes quantized together equal each alone', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'llama' });
  const kernels = await loadKernels();
  const texts = [
    'gptq(bits=4,groupSize=16)',
    'gptq(bits=2)',
    'rtn(bits=3)',
    'gptq(bits=2,inputs=float)',
    'gptq(bits=3,inputs=float)',
  ];
  const made = async (names: string[], where: string): Promise<Map<string, string>> => {
    const recipes = names.map((text, i) => ({
      recipe: resolveRecipe(text, registry),
      folder: join(folder, `${where}-${i}`),
    }));
    await makeArtifacts({ checkpoint, recipes, calibration, kernels, device, workFolder: folder });
    return new Map(
      await Promise.all(
        recipes.map(async ({ recipe, folder: at }): Promise<[string, string]> => [
          recipe.name,
          (await openArtifact(at)).record.digest,
        ]),
      ),
    );
  };
  const together = await made(texts, 'all');
  for (const text of texts)
    t.equal((await made([text], `one-${texts.indexOf(text)}`)).get(text), together.get(text), text);
});

t.test('hidden states that do not fit in memory go to disk and give the same weights', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'model');
  await makeTinyCheckpoint(path, { family: 'llama' });
  const kernels = await loadKernels();
  const model = await openCheckpoint(path, kernels);
  const run = async (budgetBytes: number): Promise<number[]> => {
    const recipe = resolveRecipe('gptq(bits=3)', registry);
    const drafts = await quantize({
      model,
      sources: model.tensors,
      recipes: [recipe],
      calibration: calibration.sequences,
      kernels,
      device,
      workFolder: join(folder, 'work'),
      budgetBytes,
      onBlock: () => Promise.resolve(),
    });
    return (drafts.get(recipe) as Draft).records.map(({ weightError }) => weightError);
  };
  t.same(await run(0), await run(1e9));
});

t.test('one recipe that cannot be done does not stop the others', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'llama' });
  const kernels = await loadKernels();
  const texts = ['rtn(bits=4,groupSize=48)', 'rtn(bits=4)', 'gptq(bits=4)'];
  const recipes = texts.map((text, i) => ({
    recipe: resolveRecipe(text, registry),
    folder: join(folder, `artifact-${i}`),
  }));
  const outcome = await makeArtifacts({ checkpoint, recipes, kernels, device, workFolder: folder });
  t.match(outcome.get(texts[0] ?? ''), { code: 'SPEC_GROUP_SIZE', message: /48/ });
  t.equal(outcome.get(texts[1] ?? ''), undefined);
  t.match(outcome.get(texts[2] ?? ''), { code: 'METHOD_NEEDS', message: /calibration/ });
  await t.rejects(openArtifact(join(folder, 'artifact-0')), { code: 'ARTIFACT_MISSING' });
});

t.test('options', async (t) => {
  t.throws(() => resolveRecipe('gptq(bits=9)', registry), { code: 'METHOD_OPTION', message: /bits/ });
  t.throws(() => resolveRecipe('gptq(bit=4)', registry), { code: 'METHOD_OPTION', message: /did you mean 'bits'/ });
  t.throws(() => resolveRecipe('gtpq', registry), { code: 'METHOD_UNKNOWN', message: /gptq/ });
  t.throws(() => resolveRecipe('gptq(bits)', registry), { code: 'RECIPE_SYNTAX' });
  t.same(resolveRecipe('gptq-w4-g128', registry).steps[0]?.options['groupSize'], 128);
  t.same(resolveRecipe('float', registry).steps, []);
  for (const name of Object.keys(presets)) t.ok(resolveRecipe(name, registry).steps.length > 0, name);
  t.equal(resolveRecipe('smoothquant+gptq(bits=3)', registry).steps.length, 2);
  for (const text of [
    'rtn+gptq(bits=3)',
    'quarot+quarot',
    'smoothquant+quarot',
    'rtn+smoothquant',
    'activations+smoothquant',
    'activations+quarot',
  ])
    t.throws(() => resolveRecipe(text, registry), { code: 'RECIPE_ORDER' }, text);
  t.same(rtn.needs, undefined, 'round to nearest never asks for data');
  t.ok(gptq.needs);
  const short = resolveRecipe('rtn(bits=4,groupSize=48,remainder=short)', registry);
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'llama' });
  const outcome = await makeArtifacts({
    checkpoint,
    recipes: [{ recipe: short, folder: join(folder, 'short') }],
    kernels: await loadKernels(),
    device,
    workFolder: folder,
  });
  t.equal(outcome.get(short.name), undefined);
});
