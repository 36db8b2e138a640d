import { join } from 'node:path';
import t from 'tap';
import { defineMethod, makeArtifacts, openArtifact, openSubject, Registry, resolveRecipe, z } from '@lowbit/core';
import type { LowbitError, Quantize, Site, Statistics } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { methods, presets } from '@lowbit/methods';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import type { TinyCheckpointOptions } from '../../core/test/fixtures/tiny-checkpoint.js';

const device = { name: 'cpu', threads: 1 };
const kernels = await loadKernels();
const sequences = [0, 1, 2].map((row) => Int32Array.from({ length: 40 }, (_, i) => (i * i * 31 + row * 13 + 3) % 60));
const calibration = {
  sequences,
  record: { source: 'test', samples: 3, sequenceLength: 40, tokens: 120, seed: undefined, tokenSha256: '' },
};

/** Statistics of the last block that was treated, by site. */
const seen = new Map<Site, Statistics>();
const probe = defineMethod({
  ...{ name: 'probe', version: '1', description: 'for this test', source: 'none', options: z.object({}) },
  needs: () => ({ statistics: ['columns'], inputs: 'float' }),
  async block(block) {
    for (const place of ['input', 'output'] as const)
      for (const [{ linear }, found] of await block.statistics(block.layers, ['columns'], place))
        seen.set(`${linear.name}.${place}`, found);
  },
});
const multiplyUp = defineMethod({
  ...{ name: 'multiply-up', version: '1', description: 'for this test', source: 'none' },
  options: z.object({ factor: z.number() }),
  prepare(draft, { options }) {
    const up = draft.blocks[1]?.layers.find(({ linear }) => linear.name.endsWith('up_proj'))?.linear;
    draft.edit(up?.weight.tensor ?? '', (values) => values.map((w) => w * options.factor));
    return Promise.resolve();
  },
});
const registry = new Registry();
registry.add({ methods, presets });
registry.add({ methods: [probe, multiplyUp] });

/** A tiny checkpoint and its artifacts; the error of each recipe that has one. */
async function makeAll(folder: string, recipes: readonly string[], options: TinyCheckpointOptions = {}) {
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, options);
  const artifacts = recipes.map((_, i) => join(folder, `artifact-${i}`));
  const outcome = await makeArtifacts({
    checkpoint,
    recipes: recipes.map((text, i) => ({ recipe: resolveRecipe(text, registry), folder: artifacts[i] as string })),
    calibration,
    kernels,
    device,
    workFolder: folder,
  });
  const errors = recipes.map((text): LowbitError | undefined => outcome.get(text));
  return { checkpoint, artifacts, errors };
}

async function lossesOf(path: string, workFolder: string): Promise<number[]> {
  const subject = await openSubject(path, { kernels, device, workFolder });
  const losses = await subject.scorer.scoreSequences(sequences);
  await subject.release();
  return losses.flatMap((each) => [...each]);
}

const largestDifference = (a: number[], b: number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN))));

async function operatorAt(artifact: string | undefined, site: Site): Promise<Quantize> {
  const operators = await (await openArtifact(artifact ?? '')).readOperators();
  return operators.get(site)?.at(-1) as Quantize;
}

t.test('static ranges are those of the calibration tokens, per tensor and per group', async (t) => {
  const folder = t.testdir();
  const recipes = ['probe', 'tensor', 'group,groupSize=16', 'group,groupSize=1'].map((text) =>
    text === 'probe' ? text : `activations(range=static,granularity=${text})`,
  );
  const { checkpoint, artifacts, errors } = await makeAll(folder, [...recipes, 'activations(granularity=tensor)']);
  t.same(errors, [undefined, undefined, undefined, undefined, undefined]);
  for (const site of ['model.layers.1.self_attn.k_proj.input', 'model.layers.1.mlp.down_proj.input'] as const) {
    const { min, max } = seen.get(site)?.columns as { min: Float32Array; max: Float32Array };
    const of = (bound: Float32Array, size: number, pick: (...values: number[]) => number): Float32Array =>
      Float32Array.from({ length: bound.length / size }, (_, i) =>
        pick(0, ...bound.subarray(i * size, (i + 1) * size)),
      );
    t.same((await operatorAt(artifacts[1], site)).range, { low: Math.min(...min), high: Math.max(...max) });
    for (const [i, size] of [16, 1].entries()) {
      const { range, groupSize } = await operatorAt(artifacts[2 + i], site);
      t.equal(groupSize, size);
      t.same(range, { low: of(min, size, Math.min), high: of(max, size, Math.max) });
    }
  }
  const float = await lossesOf(checkpoint, folder);
  const moved = await Promise.all(
    artifacts.map(async (path) => largestDifference(await lossesOf(path, folder), float)),
  );
  t.equal(moved[0], 0, 'a probe changes nothing');
  for (const each of moved.slice(1)) t.ok(each > 1e-4 && each < 0.2, `8 bits: losses moved by at most ${each}`);
});

t.test('a float8 format reaches the forward pass: two bits less of mantissa cost more', async (t) => {
  const folder = t.testdir();
  const texts = ['', 'format=e4m3', 'format=e5m2', 'format=e4m3,granularity=group,groupSize=16,range=static'];
  const { checkpoint, artifacts, errors } = await makeAll(
    folder,
    texts.map((text) => `activations(${text})`),
  );
  t.same(errors, [undefined, undefined, undefined, undefined]);
  t.equal((await operatorAt(artifacts[2], 'model.layers.0.mlp.down_proj.input')).format, 'e5m2');
  const float = await lossesOf(checkpoint, folder);
  const errorsOf = async (path: string): Promise<number> => {
    const losses = await lossesOf(path, folder);
    return Math.sqrt(losses.reduce((sum, loss, i) => sum + (loss - (float[i] ?? NaN)) ** 2, 0) / losses.length);
  };
  const [int8 = 0, e4m3 = 0, e5m2 = 0, grouped = 0] = await Promise.all(artifacts.map(errorsOf));
  t.ok(int8 < e4m3 && e4m3 < e5m2, `${int8} < ${e4m3} < ${e5m2}`);
  t.ok(grouped > 0.5 * e4m3 && grouped < 2 * e4m3, `a float's scale matters little: ${grouped}`);
});

t.test('SmoothQuant: its levels and its README, with the outputs of query, key and value', async (t) => {
  const root = t.testdir();
  for (const family of ['llama', 'gpt2'] as const) {
    const folder = join(root, family);
    const names = ['smoothquant-w8a8', 'smoothquant-o1', 'smoothquant-o2', 'smoothquant-o3'];
    const { checkpoint, artifacts, errors } = await makeAll(folder, [...names, 'smoothquant(alpha=0.5)+probe'], {
      family,
    });
    t.same(errors, [undefined, undefined, undefined, undefined, undefined]);
    const float = await lossesOf(checkpoint, folder);
    for (const [i, name] of names.entries()) {
      const moved = largestDifference(await lossesOf(artifacts[i] as string, folder), float);
      t.ok(moved > 1e-4 && moved < 0.3, `${family} ${name}: losses moved by at most ${moved}`);
    }
    const attention = family === 'llama' ? 'model.layers.1.self_attn' : 'transformer.h.1.attn';
    const named = family === 'llama' ? ['q_proj', 'k_proj', 'v_proj'] : ['c_attn'];
    const { operators } = (await openArtifact(artifacts[3] ?? '')).record;
    const outputs = Object.keys(operators).filter((site) => site.endsWith('.output') && site.includes('.1.'));
    t.same(outputs.sort(), named.map((part) => `${attention}.${part}.output`).sort());
    for (const part of named) {
      const site = `${attention}.${part}.output` as const;
      const { min, max } = seen.get(site)?.columns as { min: Float32Array; max: Float32Array };
      const { range, granularity } = await operatorAt(artifacts[3], site);
      t.equal(granularity, 'tensor');
      t.same(range, { low: Math.min(...min), high: Math.max(...max) }, 'of the smoothed model before it is rounded');
      t.equal((await operatorAt(artifacts[1], site)).range, undefined);
    }
  }
});

t.test('arithmetic in a half reaches the forward pass, with its own result', async (t) => {
  const folder = t.testdir();
  const types = ['float32', 'float16', 'bfloat16'];
  const { artifacts, errors } = await makeAll(
    folder,
    types.map((type) => `activations(arithmetic=${type})`),
  );
  t.same(errors, [undefined, undefined, undefined]);
  const [float32 = [], float16 = [], bfloat16 = []] = await Promise.all(
    artifacts.map((path) => lossesOf(path, folder)),
  );
  // Which half moves more is chance: what counts is which values fall to another code.
  for (const [name, a, b] of [
    ['float16', float16, float32],
    ['bfloat16', bfloat16, float32],
    ['each other', float16, bfloat16],
  ] as const) {
    const moved = largestDifference(a, b);
    t.ok(moved > 1e-5 && moved < 0.15, `${name}: losses differ by at most ${moved}`);
  }
});

t.test('options that contradict each other are refused before work starts', async (t) => {
  for (const [text, remedy] of [
    ['granularity=group', /groupSize.*set for instance groupSize=128/],
    ['groupSize=16', /granularity=token: set granularity=group/],
    ['granularity=tensor,groupSize=16', /granularity=tensor: set granularity=group/],
    ['format=e4m3,bits=4', /format=e4m3 has 8: leave bits out/],
    ['format=e5m2,symmetric=false', /no zero point/],
    ['range=static', /token has not come yet.*range=dynamic/],
  ] as const)
    t.throws(() => resolveRecipe(`activations(${text})`, registry), { code: 'METHOD_OPTION', message: remedy }, text);
  const { errors } = await makeAll(t.testdir(), ['activations(granularity=group,groupSize=48)']);
  t.match(errors[0], { code: 'METHOD_OPTION', message: /divides the 64 channels at the input of .*q_proj, got 48/ });
});

t.test('a value that is not finite in calibration names its layer', async (t) => {
  const steps = ['gptq', 'awq(groupSize=16)', 'smoothquant', 'activations(range=static,granularity=tensor)'];
  const infinite = steps.map((step) => `multiply-up(factor=1e38)+${step}`);
  const { errors } = await makeAll(t.testdir(), [...infinite, 'multiply-up(factor=1e25)+gptq', 'gptq']);
  const [gptq, awq, smoothquant, activations, squares, plain] = errors;
  for (const error of [gptq, awq, activations])
    t.match(error, {
      code: 'CALIBRATION_VALUE',
      message:
        /at the input of model\.layers\.1\.mlp\.down_proj .* (NaN|-?Infinity) in channel \d+ at token \d+; score/,
    });
  t.equal(smoothquant, undefined, 'it does not look at that input');
  t.match(squares, { code: 'CALIBRATION_VALUE', message: /down_proj .* a sum of squares beyond float32/ });
  t.equal(plain, undefined, 'other recipes go on');
});
