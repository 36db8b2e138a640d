import { readdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  defineMethod,
  foldNorms,
  makeArtifacts,
  openCheckpoint,
  openSubject,
  Registry,
  resolveRecipe,
  z,
} from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods } from '@lowbit/methods';
import t from 'tap';
import type { Test } from 'tap';
import { permute } from '../test/support/permute.js';

/** What the project promises of every exact edit, in nats a token. */
const tolerance = 1e-4;

const architectures = resolve('..', 'shared', 'models', 'architectures');
const golden = resolve('..', 'shared', 'reference', 'golden', 'calibration.json');
const smol = join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct');
const kernels = await loadKernels();
const device = { name: 'cpu', threads: 2 };

/** The norms alone: what every rotation of the residual stream begins with. */
const fold = defineMethod({
  name: 'fold',
  version: '1',
  description: 'norm gains and biases into what reads them',
  source: 'for this test',
  options: z.object({}),
  acts: 'rotation',
  prepare: (draft) => foldNorms(draft),
});
const registry = new Registry();
registry.add({ methods: [...methods, fold, permute] });

const [hadamard, orthogonal, inPlace] = ['quarot', 'quarot(residual=orthogonal)', 'quarot(residual=off)'];
const edits = ['fold', hadamard, orthogonal, inPlace, 'smoothquant', 'quarot+smoothquant', 'permute'];
/** The others only leave out or join what these do. */
const apart = ['fold', hadamard, orthogonal, 'smoothquant', 'permute'];

/** What a family cannot take, and why: its norms stand behind the additions, so that their gains stay on the stream. */
const refusals: Record<string, Record<string, RegExp>> = {
  'opt-350m-style': {
    fold: /normalises after the addition/,
    [hadamard]: /normalises after the addition/,
    [orthogonal]: /normalises after the addition/,
    smoothquant: /read the residual stream itself/,
    'quarot+smoothquant': /normalises after the addition/,
  },
};

const supported = [
  'gpt2',
  'llama',
  'llama-tied-bias',
  'llama3-rope',
  'mistral-window',
  'opt',
  'opt-350m-style',
  'qwen2',
  'qwen3',
];
const unsupported = ['bloom', 'falcon', 'gemma2', 'gemma3', 'gpt-neox', 'mixtral', 'phi3'];

t.test('every folder of architectures is here', async (t) => {
  t.same(readdirSync(architectures).sort(), [...supported, ...unsupported].sort());
  for (const name of unsupported)
    await t.rejects(openCheckpoint(join(architectures, name), kernels), { code: 'CONFIG_FAMILY' }, name);
});

for (const name of supported)
  t.test(name, async (t) => {
    const path = join(architectures, name);
    const expected = JSON.parse(await readFile(join(path, 'expected.json'), 'utf8')) as { input_ids: number[][] };
    await checkEdits(t, path, expected.input_ids, edits, refusals[name]);
  });

t.test('trained models', async (t) => {
  const ids = JSON.parse(await readFile(golden, 'utf8')) as number[][];
  const [first = [], second = []] = ids.map((each) => each.slice(0, 64));
  await t.test('SmolLM2', (t) => checkEdits(t, smol, [first, second], apart));
  const trained = { 'models/stories260k': 512, '../shared/models/TinyStories-656K': 2048 };
  for (const [path, vocabulary] of Object.entries(trained))
    await t.test(path, (t) =>
      checkEdits(
        t,
        resolve(path),
        [first, second].map((each) => each.map((id) => id % vocabulary)),
        edits,
      ),
    );
});

/** Makes every edit, one after the other so that one artifact lies on disk, and compares losses with the float model's. */
async function checkEdits(
  t: Test,
  checkpoint: string,
  ids: number[][],
  edits: string[],
  refused: Record<string, RegExp> = {},
): Promise<void> {
  const workFolder = t.testdir();
  const sequences = ids.map((each) => Int32Array.from(each));
  const score = async (path: string): Promise<number[]> => {
    const subject = await openSubject(path, { kernels, device, workFolder });
    const losses = await subject.scorer.scoreSequences(sequences);
    await subject.release();
    return losses.flatMap((nll) => [...nll]);
  };
  const record = {
    source: 'test',
    samples: ids.length,
    sequenceLength: 0,
    tokens: 0,
    seed: undefined,
    tokenSha256: '',
  };
  const float = await score(checkpoint);
  t.equal(
    float.length,
    ids.reduce((sum, { length }) => sum + length - 1, 0),
  );
  for (const edit of edits) {
    const recipe = resolveRecipe(edit, registry);
    const folder = join(workFolder, 'artifact');
    const outcome = await makeArtifacts({
      ...{ checkpoint, kernels, device, workFolder },
      recipes: [{ recipe, folder }],
      calibration: { sequences, record },
    });
    const error = outcome.get(edit);
    if (refused[edit]) {
      t.match(error, { code: 'EDIT_REFUSED', message: refused[edit] }, edit);
      continue;
    }
    if (error) throw error;
    const losses = await score(folder);
    const moved = Math.max(...losses.map((loss, i) => Math.abs(loss - (float[i] as number))));
    t.ok(moved < tolerance, `${edit}: losses moved by ${moved}`);
    t.ok(moved > 0, `${edit}: something was edited`);
    t.comment(`${edit}: ${moved.toExponential(1)}`);
    await rm(folder, { recursive: true });
  }
}
