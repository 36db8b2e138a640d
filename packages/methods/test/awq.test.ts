import { join } from 'node:path';
import t from 'tap';
import { inspectSubject, makeArtifacts, openArtifact, openSubject, Registry, resolveRecipe } from '@lowbit/core';
import type { Block } from '@lowbit/core';
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

/** Mean distance of an artifact's losses from the float model's, and the ratios chosen for a role. */
async function outcomeOf(path: string, float: number[], workFolder: string) {
  const losses = await lossesOf(path, workFolder);
  const { layers } = await inspectSubject(path, kernels);
  return {
    distance: losses.reduce((sum, loss, i) => sum + Math.abs(loss - (float[i] ?? NaN)), 0) / losses.length,
    ratios: (role: string) => layers.filter((layer) => layer.role === role).map(({ notes }) => notes?.['ratio']),
  };
}

const eightBits = 'bits=8,groupSize=16,symmetric=false,grid=awq';
// An edit that is not exact moves the losses by far more than 8 bits do; AWQ itself may gain or lose a little on them.
const slack = 1.5;

t.test('behind rotations it scales only what stays exact: 8 bits are float again', async (t) => {
  const folder = t.testdir();
  const checkpoint = join(folder, 'model');
  // Equal heads: without the Hadamard before it, o would take a scale.
  await makeTinyCheckpoint(checkpoint, { family: 'llama', config: { num_key_value_heads: 4 } });
  const awq = `awq(clipSearch=false,${eightBits})`;
  const artifacts = await make(checkpoint, [awq, `quarot+${awq}`, `quarot+rtn(${eightBits})`], folder);
  const float = await lossesOf(checkpoint, folder);
  const outcomes = [];
  for (const path of artifacts) outcomes.push(await outcomeOf(path, float, folder));
  const [plain, rotated, rounded] = outcomes;
  for (const outcome of [plain, rotated])
    t.ok((outcome?.distance ?? NaN) < slack * (rounded?.distance ?? NaN), `${outcome?.distance}`);
  t.ok(
    plain?.ratios('down').some((ratio) => ratio !== 0),
    'a scale was chosen for down',
  );
  t.ok(
    rotated?.ratios('down').every((ratio) => ratio === 0),
    'none behind the Hadamard',
  );
});

for (const [what, family, awqOptions, linearOf] of [
  ['GELU: down is divided in the forward pass', 'gpt2', '', (block: Block) => block.mlp.down],
  [
    'shared heads: one scale for the query heads of a key head',
    'llama',
    'sharedHeads=true,duo=true,',
    (block: Block) => block.attention.output,
  ],
] as const)
  t.test(`${what}; exact`, async (t) => {
    const folder = t.testdir();
    const checkpoint = join(folder, 'model');
    await makeTinyCheckpoint(checkpoint, { family });
    const recipes = [`awq(clipSearch=false,${awqOptions}${eightBits})`, `rtn(${eightBits})`];
    const [scaled = '', rounded = ''] = await make(checkpoint, recipes, folder);
    const float = await lossesOf(checkpoint, folder);
    const { distance } = await outcomeOf(scaled, float, folder);
    t.ok(distance < slack * (await outcomeOf(rounded, float, folder)).distance, `${distance}`);
    const codesOf = async (path: string): Promise<string> => {
      const artifact = await openArtifact(path);
      const { tensor } = linearOf(artifact.record.decoder.blocks[0] as Block).weight;
      return Buffer.from((await artifact.readWeight(tensor)).parts[0]?.arrays['codes']?.data ?? []).toString('hex');
    };
    t.ok((await codesOf(scaled)) !== (await codesOf(rounded)), 'a scale was taken');
  });
