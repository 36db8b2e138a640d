import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { defineMethod, makeArtifacts, Registry, resolveRecipe, z } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { Kernels } from '@lowbit/kernels';
import { makeTinyCheckpoint } from '../fixtures/tiny-checkpoint.js';

const delay = 0.05;

/** Asks for statistics, and may idle for a while; it leaves the weights as they are. */
const method = defineMethod({
  name: 'idle',
  version: '1',
  description: 'idles',
  source: 'this test',
  options: z.object({ seconds: z.number().default(0), reads: z.boolean().default(false) }),
  needs: ({ reads }) => (reads ? { statistics: ['hessian'], inputs: 'float' } : undefined),
  async block(block, { options }) {
    if (options.reads) await block.statistics(block.layers, ['hessian']);
    await setTimeout(1000 * options.seconds);
  },
});

t.test('recipes that go through a model together are each counted what they would take alone', async (t) => {
  const folder = t.testdir();
  await makeTinyCheckpoint(join(folder, 'model'), { family: 'llama' });
  const native = await loadKernels();
  let sums = 0;
  // Each sum over a batch takes a known time, so that a pass has a price.
  const kernels: Kernels = Object.assign(Object.create(native) as Kernels, {
    async addSecondMoment(...args: Parameters<Kernels['addSecondMoment']>): Promise<void> {
      sums++;
      await setTimeout(1000 * delay);
      await native.addSecondMoment(...args);
    },
  });
  const registry = new Registry();
  registry.add({ methods: [method] });
  const texts = ['idle(reads=true)', 'idle(reads=true,seconds=0.3)', 'idle', 'idle(seconds=0.3)'];
  const sequences = [Int32Array.from({ length: 32 }, (_, i) => (i * 31) % 250)];
  const seconds: Record<string, number> = {};
  const outcome = await makeArtifacts({
    checkpoint: join(folder, 'model'),
    recipes: texts.map((text, i) => ({ recipe: resolveRecipe(text, registry), folder: join(folder, `a${i}`) })),
    calibration: {
      sequences,
      record: { source: 'test', samples: 1, sequenceLength: 32, tokens: 32, seed: undefined, tokenSha256: '' },
    },
    kernels,
    device: { name: 'cpu', threads: 1 },
    workFolder: folder,
    onDone: (recipe, own) => (seconds[recipe] = own),
  });
  t.same([...outcome.values()], [undefined, undefined, undefined, undefined]);
  const [reads = NaN, readsAndIdles = NaN, plain = NaN, idles = NaN] = texts.map((text) => seconds[text]);
  const pass = sums * delay;
  t.ok(sums > 0);
  t.ok(reads >= pass, 'who makes the pass');
  t.ok(readsAndIdles >= pass + 0.3, 'who shares it');
  t.ok(plain < pass, 'who needs none');
  t.ok(idles >= plain + 0.3, 'its own work');
});
