import { join } from 'node:path';
import t from 'tap';
import { inspectSubject, makeArtifacts, openArtifact, openSubject, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods } from '@lowbit/methods';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';

const device = { name: 'cpu', threads: 1 };
const kernels = await loadKernels();
const registry = new Registry();
registry.add({ methods });
const sequences = [0, 1, 2, 3].map((row) =>
  Int32Array.from({ length: 64 }, (_, i) => (i * i * 31 + row * 97 + i) % 250),
);
const record = { source: 'test', samples: 4, sequenceLength: 64, tokens: 256, seed: undefined, tokenSha256: '' };

/** Makes the artifacts of some recipes; their folders. */
async function make(checkpoint: string, texts: readonly string[], workFolder: string): Promise<string[]> {
  const recipes = texts.map((text, i) => ({
    recipe: resolveRecipe(text, registry),
    folder: join(workFolder, `a${i}`),
  }));
  const calibration = { sequences, record };
  const outcome = await makeArtifacts({ checkpoint, recipes, calibration, kernels, device, workFolder });
  for (const error of outcome.values()) if (error) throw error;
  return recipes.map(({ folder }) => folder);
}

async function lossesOf(path: string, workFolder: string): Promise<number[]> {
  const subject = await openSubject(path, { kernels, device, workFolder });
  const losses = await subject.scorer.scoreSequences(sequences);
  await subject.release();
  return losses.flatMap((nll) => [...nll]);
}

for (const family of ['llama', 'opt', 'gpt2'] as const)
  t.test(`${family}: with r = 0 alone and no clip it is round to nearest, bit for bit`, async (t) => {
    const folder = t.testdir();
    const checkpoint = join(folder, 'model');
    await makeTinyCheckpoint(checkpoint, { family });
    const grid = 'bits=3,groupSize=16,symmetric=false,grid=awq';
    const [awq = '', rtn = ''] = await make(
      checkpoint,
      [`awq(points=1,clipSearch=false,${grid})`, `rtn(${grid})`],
      folder,
    );
    const [a, b] = [await openArtifact(awq), await openArtifact(rtn)];
    for (const tensor of Object.keys(b.record.weights))
      t.same((await a.readWeight(tensor)).parts, (await b.readWeight(tensor)).parts, tensor);
  });

t.test('behind rotations it scales only what stays exact: 8 bits are float again', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  // Equal heads: without the Hadamard before it, o would take a scale.
  await makeTinyCheckpoint(checkpoint, { family: 'llama', config: { num_key_value_heads: 4 } });
  const grid = 'bits=8,groupSize=16,symmetric=false,grid=awq';
  const texts = [`awq(clipSearch=false,${grid})`, `quarot+awq(clipSearch=false,${grid})`, `quarot+rtn(${grid})`];
  const [plain = '', rotated = '', rounded = ''] = await make(checkpoint, texts, folder);
  const float = await lossesOf(checkpoint, folder);
  const distance = async (path: string): Promise<number> => {
    const losses = await lossesOf(path, folder);
    return losses.reduce((sum, loss, i) => sum + Math.abs(loss - (float[i] ?? NaN)), 0) / losses.length;
  };
  // An edit that is not exact moves the losses by far more than 8 bits do; AWQ itself may gain or lose a little on them.
  const limit = 1.5 * (await distance(rounded));
  for (const path of [plain, rotated]) t.ok((await distance(path)) < limit, `${await distance(path)} < ${limit}`);
  const ratios = async (path: string, role: string) =>
    (await inspectSubject(path, kernels)).layers
      .filter((layer) => layer.role === role)
      .map(({ notes }) => notes?.['ratio']);
  t.ok(
    (await ratios(plain, 'down')).some((ratio) => ratio !== 0),
    'a scale was chosen for down',
  );
  t.ok(
    (await ratios(rotated, 'down')).every((ratio) => ratio === 0),
    'none behind the Hadamard',
  );
});
