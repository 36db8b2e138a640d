import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeArtifacts, openSubject, resolveRecipe } from '@lowbit/core';
import type { TokenScorer } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { isGreedy } from '../../core/test/fixtures/is-greedy.js';
import { registry } from './tiny-recipes.js';

// Decoding with a cache against a forward pass over all tokens at every step, the quantizers of the cache among them.
const model = fileURLToPath(new URL('../../../models/stories260k', import.meta.url));
const kernels = await loadKernels();
const device = { name: 'cpu', threads: 1 };
const recipes = [
  'rtn(bits=4)',
  'rtn(bits=4)+activations(bits=8)',
  'activations(bits=8,granularity=tensor)',
  'kv(bits=4)',
  'kv(bits=2,window=8,keyAxis=channel,groupSize=8)',
  'kvquant(bits=3)',
  'quarot()+rtn(bits=4)',
];
const maxTokens = 40;

t.test('stories260K', async (t) => {
  const folder = t.testdir();
  const subjects: [string, string, 'simulated' | 'executed'][] = [
    ['float', model, 'simulated'],
    ...(await quantize(folder)),
  ];
  const executed = subjects.find(([name]) => name.startsWith('rtn')) as [string, string, string];
  for (const [name, path, execution] of [...subjects, [`${executed[0]}, executed`, executed[1], 'executed'] as const])
    await t.test(name, async (t) => {
      const subject = await openSubject(path, { kernels, device, workFolder: folder, execution });
      const { scorer } = subject;
      const generate = scorer.generate?.bind(scorer) as NonNullable<TokenScorer['generate']>;
      const tokenizer = await subject.tokenizer();
      const prompts = ['Once upon a time', 'Lily and her mom went to the park. They saw a', 'The'].map((text) =>
        tokenizer.encode(text, { special: true }),
      );
      const found = await generate(prompts, { maxTokens, isLast: () => false });
      for (const [i, each] of found.entries()) {
        const greedy = await isGreedy(scorer, prompts[i] as Int32Array, each);
        t.equal(greedy.filter(Boolean).length, maxTokens, tokenizer.decode(each.ids));
      }
      await subject.release();
    });
});

async function quantize(folder: string): Promise<[string, string, 'simulated'][]> {
  const made = recipes.map((text, i) => ({ recipe: resolveRecipe(text, registry), folder: join(folder, String(i)) }));
  const ids = Int32Array.from({ length: 128 }, (_, i) => 3 + ((i * i * 31 + i) % 500));
  const record = { source: 'made', samples: 4, sequenceLength: 128, tokens: 512, seed: undefined, tokenSha256: '' };
  const outcome = await makeArtifacts({
    checkpoint: model,
    recipes: made,
    calibration: { sequences: [0, 1, 2, 3].map((seed) => ids.map((id) => 3 + ((id + seed * 97) % 500))), record },
    ...{ kernels, device, workFolder: folder },
  });
  for (const error of outcome.values()) if (error) throw error;
  return made.map(({ folder: path }, i) => [recipes[i] as string, path, 'simulated']);
}
