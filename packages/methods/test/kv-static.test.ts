import { join } from 'node:path';
import t from 'tap';
import { exportArtifact, findExportFormat, inspectSubject, openArtifact } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { TinyRecipes } from './tiny-recipes.js';

for (const family of ['llama', 'qwen3'] as const)
  t.test(`${family}: one range of all keys and one of all values, from calibration`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir(), { family });
    const near = (await tiny.make('kv(bits=8,range=static)')).folder;
    const far = (await tiny.make('kv(bits=2,range=static)')).folder;
    t.ok((await tiny.distance(near)) < 0.1 * (await tiny.distance(far)), 'fewer bits move losses further');
    const operators = await (await openArtifact(near)).readOperators();
    for (const side of ['key', 'value'] as const) {
      const [only] = operators.get(`block.0.${side}`) ?? [];
      t.match(only, { kind: 'quantize', granularity: 'tensor', range: { low: Number, high: Number } });
    }
    // The calibration text itself lies inside the ranges: at 8 bits each value is off by half a step at most.
    t.ok((await tiny.distance(near, 'calibration')) < 0.02);
  });

t.test('it goes to compressed-tensors as k_scale and v_scale, and is read back', async (t) => {
  const kernels = await loadKernels();
  const tiny = await TinyRecipes.create(t.testdir());
  const { folder } = await tiny.make('rtn(bits=4,groupSize=16)+kv(bits=8,range=static,symmetric=true)');
  const written = join(tiny.folder, 'written');
  await exportArtifact(folder, findExportFormat('compressed-tensors'), written, kernels);
  t.equal((await inspectSubject(written, kernels)).recipe?.bits, 4);
  t.same(await tiny.losses(written), await tiny.losses(folder));
});

t.test('options that exclude it', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir());
  for (const other of ['window=8', 'groupSize=8']) {
    const [error] = await tiny.outcome(`kv(range=static,${other})`);
    t.match(error, { code: 'METHOD_OPTION', message: /range=static/ }, other);
  }
});
