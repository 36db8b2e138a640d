import { join } from 'node:path';
import t from 'tap';
import { makeArtifacts, openSubject, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import { tinyConfigs } from '../../core/test/fixtures/tiny-configs.js';

// Exact edits leave the losses where they are. float32 weights are rounded anew, once an edit: 1e-6 of a loss of 5; the
// project promises 1e-4.
const tolerance = 2e-5;
const device = { name: 'cpu', threads: 1 };
const kernels = await loadKernels();
const registry = new Registry();
registry.add({ methods, presets });
const sequences = [0, 1].map((row) => Int32Array.from({ length: 40 }, (_, i) => (i * 7 + row * 13 + 3) % 60));

const recipes = [
  'quarot',
  'quarot(residual=orthogonal,output=concatenated,down=false,keys=false,seed=3)',
  'quarot(residual=off)',
  'smoothquant(alpha=0.7)',
  'quarot+smoothquant',
];

async function lossesOf(path: string, workFolder: string): Promise<Float32Array[]> {
  const subject = await openSubject(path, { kernels, device, workFolder });
  const losses = await subject.scorer.scoreSequences(sequences);
  await subject.release();
  return losses;
}

const families = (Object.keys(tinyConfigs) as (keyof typeof tinyConfigs)[]).map((family) => ({
  family,
  underHead: false,
}));
for (const { family, underHead } of [...families, { family: 'qwen2' as const, underHead: true }])
  t.test(`${family}${underHead ? ', the tied embedding under the name of the head' : ''}`, async (t) => {
    const workFolder = t.testdir();
    const checkpoint = join(workFolder, 'model');
    await makeTinyCheckpoint(checkpoint, { family, underHead });
    const float = await lossesOf(checkpoint, workFolder);
    const outcome = await makeArtifacts({
      checkpoint,
      recipes: recipes.map((text, i) => ({
        recipe: resolveRecipe(text, registry),
        folder: join(workFolder, `artifact-${i}`),
      })),
      calibration: {
        sequences,
        record: { source: 'test', samples: 2, sequenceLength: 40, tokens: 80, seed: undefined, tokenSha256: '' },
      },
      kernels,
      device,
      workFolder,
    });
    for (const [i, text] of recipes.entries()) {
      const error = outcome.get(text);
      if (error?.code === 'EDIT_REFUSED') {
        t.match(error.message, /normalises after the addition|residual stream/, `${text}: ${error.message}`);
        continue;
      }
      t.equal(error, undefined, `${text}: ${error?.message}`);
      const losses = await lossesOf(join(workFolder, `artifact-${i}`), workFolder);
      const moved = Math.max(
        ...losses.flatMap((nll, k) => [...nll.map((x, j) => Math.abs(x - (float[k]?.[j] ?? NaN)))]),
      );
      t.ok(moved < tolerance, `${text}: losses moved by ${moved}`);
      t.ok(moved > 0, `${text}: something was edited`);
    }
  });
