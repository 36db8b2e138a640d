import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LowbitError, openCheckpoint, quantize, Registry, resolveRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods } from '@lowbit/methods';
import t from 'tap';
import { readStories } from './support/stories.js';

// AWQ's halving search leaves half of the candidates whenever the tokens measured double; the full one measures all that it must.
// Where both differ the errors are flat: at the one such stage of stories260K (4 bits, 0.8 against 0.1) the model with the
// halving choice has a loss 0.003 lower on other stories.

const kernels = await loadKernels();
const registry = new Registry();
registry.add({ methods });
const models = resolve('..', 'shared', 'models');
const golden = resolve('..', 'shared', 'reference', 'golden', 'calibration.json');
const windows = (JSON.parse(await readFile(golden, 'utf8')) as number[][]).slice(0, 8);

/** The strength chosen for every stage of the first blocks that is searched over batches: {q, k, v} and {gate, up}. */
async function findRatios(path: string, text: string, calibration: Int32Array[], blocks: number, workFolder: string) {
  const model = await openCheckpoint(path, kernels);
  const recipe = resolveRecipe(text, registry);
  const decoder = { ...model.decoder, blocks: model.decoder.blocks.slice(0, blocks) };
  const drafts = await quantize({
    model: { decoder, read: (tensor) => model.read(tensor) },
    ...{ sources: model.tensors, recipes: [recipe], calibration, kernels, workFolder },
    device: { name: 'cpu', threads: 2 },
    budgetBytes: 1e9,
    onBlock: () => Promise.resolve(),
  });
  const draft = drafts.get(recipe);
  if (draft === undefined || draft instanceof LowbitError) throw draft ?? new RangeError('no draft');
  const first = draft.records.filter(({ role }) => role === 'q' || role === 'gate');
  return first.map(({ layer, notes }) => ({ layer, ratio: notes?.['ratio'] }));
}

const cases = [
  { name: 'stories260K', path: resolve('models', 'stories260k'), group: 32, blocks: 5, widths: [3, 4] },
  { name: 'TinyStories-656K', path: join(models, 'TinyStories-656K'), group: 32, blocks: 2, widths: [3, 4] },
  {
    name: 'SmolLM2',
    path: join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct'),
    group: 64,
    blocks: 2,
    widths: [4],
  },
];

for (const { name, path, group, blocks, widths } of cases)
  t.test(`${name}: the halving search chooses what the full one does`, async (t) => {
    const workFolder = t.testdir();
    const calibration =
      name === 'SmolLM2' ? windows.map((ids) => Int32Array.from(ids)) : (await readStories(path, 64)).calibration;
    const misses: string[] = [];
    for (const bits of widths) {
      const find = (search: string) => {
        const text = `awq(bits=${bits},groupSize=${group},remainder=short,clipSearch=false,search=${search})`;
        return findRatios(path, text, calibration, blocks, workFolder);
      };
      const [full, halving] = [await find('full'), await find('halving')];
      t.equal(full.length, 2 * blocks);
      t.ok(new Set(full.map(({ ratio }) => ratio)).size > 1, 'different stages have different strengths');
      for (const [i, { layer, ratio }] of full.entries())
        if (halving[i]?.ratio !== ratio) misses.push(`${bits} bits, ${layer}: ${halving[i]?.ratio}, full ${ratio}`);
    }
    t.ok(
      misses.length <= blocks / 5,
      `${misses.length} of ${2 * blocks * widths.length} stages differ: ${misses.join('; ')}`,
    );
  });
