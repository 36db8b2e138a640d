import { join } from 'node:path';
import t from 'tap';
import { makeArtifacts, openCheckpoint, openSubject, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods } from '@lowbit/methods';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import { decodeWithCache } from './support/decode-with-cache.js';

const device = { name: 'cpu', threads: 1 };
const kernels = await loadKernels();
const registry = new Registry();
registry.add({ methods });
const ids = Int32Array.from({ length: 41 }, (_, i) => (i * i * 31 + i * 17 + 5) % 250);

async function lossesOf(path: string, workFolder: string, sequences = [ids]): Promise<Float32Array[]> {
  const subject = await openSubject(path, { kernels, device, workFolder, lowering: 'auto' });
  const losses = await subject.scorer.scoreSequences(sequences);
  await subject.release();
  return losses;
}

async function make(checkpoint: string, text: string, folder: string): Promise<string> {
  const recipe = resolveRecipe(text, registry);
  const artifact = join(folder, text.replaceAll(/\W+/g, '-'));
  const outcome = await makeArtifacts({
    checkpoint,
    recipes: [{ recipe, folder: artifact }],
    kernels,
    device,
    workFolder: folder,
  });
  const error = outcome.get(recipe.name);
  if (error) throw error;
  return artifact;
}

const distance = (a: Float32Array, b: ArrayLike<number>): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN))));

t.test('one forward equals a decode that keeps a cache, token by token', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'opt', config: { num_attention_heads: 4 } });
  const model = await openCheckpoint(checkpoint, kernels);
  const float = await decodeWithCache(model, ids, undefined);
  t.ok(distance((await lossesOf(checkpoint, folder))[0] as Float32Array, float) < 2e-5, 'the decode itself is right');
  for (const [window, groupSize, bits] of [
    [8, 4, 2],
    [8, 8, 4],
    [16, 4, 2],
  ] as const) {
    const text = `kv(bits=${bits},window=${window},keyAxis=channel,groupSize=${groupSize})`;
    const [losses] = await lossesOf(await make(checkpoint, text, folder), folder);
    const expected = await decodeWithCache(model, ids, { window, groupSize, bits });
    // float32 against float64; a value on the edge of two codes may fall to either side.
    t.ok(distance(losses as Float32Array, expected) < 1e-4, `${text}: ${distance(losses as Float32Array, expected)}`);
    t.ok(distance(losses as Float32Array, float) > 1e-3, 'and something was rounded');
  }
});

for (const family of ['llama', 'mistral', 'gpt2'] as const)
  t.test(`${family}: nothing is rounded inside the window, and no token sees a later one`, async (t) => {
    const folder = t.testdir();
    const checkpoint = join(folder, 'model');
    await makeTinyCheckpoint(checkpoint, { family });
    const [float] = await lossesOf(checkpoint, folder);
    const wide = await make(checkpoint, 'kv(bits=2,window=64,keyAxis=channel,groupSize=16)', folder);
    t.ok(distance((await lossesOf(wide, folder))[0] as Float32Array, float as Float32Array) < 2e-5);
    for (const text of [
      'kv(bits=2,window=8,keyAxis=channel,groupSize=8)',
      'kv(bits=2)',
      'kv(bits=3,beforeRope=true)',
    ]) {
      const changed = ids.map((id, i) => (i === 30 ? id + 1 : id));
      const [a, b] = await lossesOf(await make(checkpoint, text, folder), folder, [ids, changed]);
      t.ok(distance((a as Float32Array).slice(0, 29), (b as Float32Array).slice(0, 29)) < 1e-6, text);
      t.ok(distance(a as Float32Array, b as Float32Array) > 1e-3, text);
    }
  });

t.test('options that contradict each other', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, {});
  for (const text of [
    'kv(keyAxis=channel)',
    'kv(groupSize=5)',
    'kv(window=12,keyAxis=channel,groupSize=8)',
    'kv(window=16,symmetric=true)',
    'kv(window=16,quarotValues=true)',
  ])
    await t.rejects(make(checkpoint, text, folder), { code: 'METHOD_OPTION' }, text);
});
