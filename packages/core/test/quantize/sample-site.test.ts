import t from 'tap';
import { defineMethod, openCheckpoint, quantize, Registry, resolveRecipe, z } from '@lowbit/core';
import type { SampledSite, SiteSamples } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { makeTinyCheckpoint } from '../fixtures/tiny-checkpoint.js';

const sites = ['query', 'key', 'value', 'keyBeforeRope'] as const;
const calibration = [30, 30, 30, 17].map((length, s) =>
  Int32Array.from({ length }, (_, i) => (s * 7919 + i * i * 31 + i * 17) % 250),
);
const total = 107;

/** tap compares long arrays slowly. */
const equal = (a: Float32Array, b: Float32Array): boolean =>
  a.length > 0 && a.length === b.length && a.every((x, i) => x === b[i]);

/** What a method that asks for these limits at every site of every block is given. */
async function sampleAll(directory: string, limits: number[]): Promise<Map<string, SiteSamples>> {
  await makeTinyCheckpoint(directory, { family: 'qwen3' });
  const kernels = await loadKernels();
  const model = await openCheckpoint(directory, kernels);
  const given = new Map<string, SiteSamples>();
  const curious = defineMethod({
    name: 'curious',
    version: '1',
    description: 'looks and changes nothing',
    source: 'a test',
    options: z.object({}),
    needs: () => ({ statistics: [], inputs: 'float' }),
    async block(block) {
      for (const site of sites)
        for (const limit of limits) given.set(`${block.index} ${site} ${limit}`, await block.sample(site, limit));
    },
  });
  const registry = new Registry();
  registry.add({ methods: [curious] });
  await quantize({
    model,
    sources: model.tensors,
    recipes: [resolveRecipe('curious', registry)],
    calibration,
    kernels,
    device: { name: 'cpu', threads: 1 },
    workFolder: directory,
    budgetBytes: 1e9,
    onBlock: () => Promise.resolve(),
  });
  return given;
}

t.test('values at a site: all tokens with their positions, or a few evenly spaced', async (t) => {
  const given = await sampleAll(t.testdir(), [1000, 10]);
  const at = (block: number, site: SampledSite, limit: number): SiteSamples =>
    given.get(`${block} ${site} ${limit}`) as SiteSamples;
  const widths = { query: 128, key: 64, value: 64, keyBeforeRope: 64 };
  for (const block of [0, 1])
    for (const site of sites) {
      const [all, few] = [at(block, site, 1000), at(block, site, 10)];
      t.same([all.tokens, few.tokens, all.values.length], [total, 10, total * widths[site]], `${block} ${site}`);
      t.same(
        [...all.positions],
        calibration.flatMap((sequence) => [...sequence.keys()]),
      );
      const width = widths[site];
      for (let i = 0; i < few.tokens; i++) {
        const token = Math.floor(((i + 0.5) * total) / 10);
        t.equal(few.positions[i], all.positions[token]);
        t.ok(equal(few.values.slice(i * width, (i + 1) * width), all.values.slice(token * width, (token + 1) * width)));
      }
    }
  t.notOk(equal(at(0, 'value', 1000).values, at(1, 'value', 1000).values), 'each block has its own');
  t.notOk(equal(at(0, 'value', 1000).values, at(0, 'keyBeforeRope', 1000).values), 'and each site');
});

t.test('the position encoding turns keys and leaves those at position 0', async (t) => {
  const given = await sampleAll(t.testdir(), [1000]);
  const [before, after] = [given.get('1 keyBeforeRope 1000'), given.get('1 key 1000')];
  const rowOf = (samples: SiteSamples | undefined, token: number): Float32Array =>
    samples?.values.slice(token * 64, (token + 1) * 64) ?? new Float32Array();
  t.ok(equal(rowOf(after, 30), rowOf(before, 30)), 'the first token of the second sequence');
  t.notOk(equal(rowOf(after, 31), rowOf(before, 31)));
  const norm = (row: Float32Array): number => Math.hypot(...row);
  t.ok(Math.abs(norm(rowOf(after, 31)) / norm(rowOf(before, 31)) - 1) < 1e-6, 'a rotation keeps the length');
});
