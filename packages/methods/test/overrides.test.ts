import { hash } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import {
  blockLinears,
  checkRecipeExport,
  exportArtifact,
  findExportFormat,
  inspectSubject,
  makePlan,
  parseExperiment,
  resolveRecipe,
} from '@lowbit/core';
import type { Linear } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { registry, sameFloats, TinyRecipes } from './tiny-recipes.js';
import type { TinyArtifact } from './tiny-recipes.js';

const kernels = await loadKernels();
const linearsOf = ({ record }: TinyArtifact): Linear[] => record.decoder.blocks.flatMap(blockLinears);
/** How a linear is stored, arrays by their hash. */
const partsOf = async (artifact: TinyArtifact, { weight }: Linear) =>
  (await artifact.readWeight(weight.tensor)).parts.map(({ format, spec, arrays }) => {
    const hashes = Object.entries(arrays).map(([key, { data }]) => [key, hash('sha256', data)] as const);
    return { format, spec, ...Object.fromEntries(hashes) };
  });

for (const family of ['llama', 'gpt2'] as const)
  t.test(`${family}: rtn gives each layer the bytes of its own options, and leaves others as they are`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir(), { family });
    const four = await tiny.make('rtn(bits=4,groupSize=16)');
    const eight = await tiny.make('rtn(bits=8,groupSize=16)');
    const mixed = await tiny.make('rtn(bits=4,groupSize=16){down:bits=8; *.0.*attn.*:off}');
    let [bits, weights] = [0, 0];
    for (const linear of linearsOf(mixed)) {
      const { name, role, rows, cols, weight } = linear;
      const isOff = /\.0\..*attn/.test(name);
      if (isOff) t.ok(sameFloats(await mixed.read(weight.tensor), await tiny.read(weight.tensor)), name);
      else t.same(await partsOf(mixed, linear), await partsOf(role === 'down' ? eight : four, linear), name);
      t.equal(mixed.record.weights[weight.tensor] === undefined, isOff);
      // A float32 scale for 16 weights is 2 bits.
      bits += rows * cols * (isOff ? 32 : role === 'down' ? 10 : 6);
      weights += rows * cols;
    }
    t.equal(mixed.record.bitsPerWeight, bits / weights, 'what stays float counts as it is stored');
    t.equal(mixed.record.layers.length, four.record.layers.length - (family === 'gpt2' ? 2 : 4));
    t.same(mixed.record.recipe.steps[0]?.layers, [
      { match: 'down', options: { bits: 8 } },
      { match: '*.0.*attn.*', off: true },
    ]);
  });

for (const order of ['', ',trueSequential=true'])
  t.test(`gptq${order}: a layer takes its own options, block by block from the same inputs`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir());
    const common = `groupSize=16${order}`;
    const plain = await tiny.make(`gptq(bits=3,${common})`);
    const other = await tiny.make(`gptq(bits=8,actOrder=group,dampPercent=0.05,${common})`);
    const mixed = await tiny.make(
      `gptq(bits=3,${common}){q:bits=8,actOrder=group,dampPercent=0.05; k:off; *.1.mlp.*:off}`,
    );
    for (const linear of linearsOf(mixed)) {
      const { name, role, weight } = linear;
      const isOff = role === 'k' || /\.1\.mlp/.test(name);
      t.equal(mixed.record.weights[weight.tensor] === undefined, isOff, name);
      if (isOff) t.ok(sameFloats(await mixed.read(weight.tensor), await tiny.read(weight.tensor)), name);
    }
    // The first stage of block 0 sees the float model's inputs whatever the others do.
    const [q, , v] = linearsOf(mixed) as [Linear, Linear, Linear];
    t.same(await partsOf(mixed, q), await partsOf(other, q));
    t.same(await partsOf(mixed, v), await partsOf(plain, v));
  });

t.test('awq: stages in part or without a layer stay exact, each layer on its own grid', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir(), { config: { num_key_value_heads: 4 } });
  const grid = 'groupSize=16,symmetric=false,grid=awq';
  const overrides = '{q:off; gate:bits=6; *.0.*.down_proj:off; *.1.*.o_proj:off}';
  const rounded = await tiny.make(`rtn(bits=8,${grid})${overrides}`);
  // Without a scale to choose it is round to nearest, overrides included.
  const unscaled = await tiny.make(`awq(bits=8,points=1,clipSearch=false,${grid})${overrides}`);
  t.same(Object.keys(unscaled.record.weights), Object.keys(rounded.record.weights));
  for (const linear of linearsOf(rounded))
    if (rounded.record.weights[linear.weight.tensor])
      t.same(await partsOf(unscaled, linear), await partsOf(rounded, linear), linear.name);
  const scaled = await tiny.make(`awq(bits=8,${grid})${overrides}`);
  // A scale that missed a reader would move the losses by far more than 8 bits do.
  const limit = 1.5 * (await tiny.distance(rounded.folder));
  t.ok((await tiny.distance(scaled.folder)) < limit);
  const [q] = linearsOf(scaled) as [Linear];
  t.notOk(sameFloats(await scaled.read(q.weight.tensor), await tiny.read(q.weight.tensor)), 'q is scaled with k and v');
  const down = linearsOf(scaled).find(({ role }) => role === 'down') as Linear;
  t.same(
    await scaled.read(down.weight.tensor),
    await tiny.read(down.weight.tensor),
    'nothing to round, nothing scaled',
  );
});

t.test('activations: each site has its own quantizer', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir());
  const { record } = await tiny.make('activations(bits=8){down:bits=4,clipRatio=0.9; model.layers.0.*.o_proj:off}');
  const at = (name: string): unknown => record.operators[`model.layers.${name}.input`]?.[0];
  t.match(at('0.mlp.down_proj'), { kind: 'quantize', bits: 4, clipRatio: 0.9 });
  t.match(at('0.mlp.up_proj'), { bits: 8, clipRatio: 1 });
  t.match(at('1.self_attn.o_proj'), { bits: 8 });
  t.equal(at('0.self_attn.o_proj'), undefined);
});

for (const { name: method, layerOptions, options } of registry.methods.values())
  t.test(`${method}: a layer that is left out, or has options of its own`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir());
    const layer = 'model.layers.0.self_attn.q_proj';
    if (layerOptions === undefined) {
      const message = /each layer by itself/;
      t.throws(() => resolveRecipe(`${method}{${layer}:off}`, registry), { code: 'METHOD_OPTION', message });
      return;
    }
    for (const option of layerOptions) t.ok(option in options.shape, option);
    const base = layerOptions.includes('groupSize') ? `${method}(granularity=group,groupSize=16)` : method;
    /** Its tensor where it is encoded, its site where it has operators. */
    const places = async (overrides: string): Promise<string[]> => {
      const { weights, operators } = (await tiny.make(base + overrides)).record;
      return [...Object.keys(weights), ...Object.keys(operators)].filter((place) => place.startsWith(`${layer}.`));
    };
    t.equal((await places('')).length, 1);
    t.same(await places(`{${layer}:bits=5}`), await places(''));
    t.same(await places(`{${layer}:off}`), []);
  });

t.test('compressed-tensors holds several grids and float layers; GPTQ and AWQ files refuse them', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir());
  const base = 'gptq(bits=4,groupSize=32,scaleType=float16)';
  const text = `${base}{down:bits=8; *.0.*.k_proj:bits=3,symmetric=false; *.1.*.q_proj:off}`;
  const { folder, record } = await tiny.make(text);
  const out = join(tiny.folder, 'out');
  await exportArtifact(folder, findExportFormat('compressed-tensors'), out, kernels);
  t.same(await tiny.losses(out), await tiny.losses(folder));
  const bits = new Set(
    (await inspectSubject(folder, kernels)).layers.map(({ bitsPerWeight }) => Math.floor(bitsPerWeight)),
  );
  t.same(bits, new Set([4, 8, 3]));
  for (const [format, overrides, message] of [
    ['gptq', '{down:bits=8}', /down_proj has 8 bits and .*q_proj 4, and its config has one entry/],
    ['gptq', '{down:off}', /0\.mlp\.down_proj stays float/],
    ['awq', '{down:groupSize=16}', /q_proj has groupSize 32 and others|down_proj has groupSize 16/],
    ['awq', '{down:bits=3}', /down_proj has 3 bits, and the format has 4/],
    ['gguf', '{down:scaleType=float32}', /down_proj has scaleType=float32/],
  ] as const) {
    const refused = { code: 'EXPORT_REFUSED', message };
    const recipe = resolveRecipe(base + overrides, registry);
    t.throws(() => checkRecipeExport(findExportFormat(format), recipe, record.decoder), refused, 'before it is run');
  }
  const recipe = resolveRecipe(text, registry);
  for (const format of ['compressed-tensors', 'gguf'])
    t.doesNotThrow(() => checkRecipeExport(findExportFormat(format), recipe, record.decoder));
  const mixed = exportArtifact(folder, findExportFormat('gptq'), join(tiny.folder, 'refused'), kernels);
  await t.rejects(mixed, { code: 'EXPORT_REFUSED', message: /compressed-tensors/ });
});

t.test(
  'a pattern that names nothing, or options that do not fit, are refused in the plan; beside other recipes it fails alone',
  async (t) => {
    const tiny = await TinyRecipes.create(t.testdir());
    const error = { code: 'RECIPE_LAYER', message: /llama layer that rtn treats.*did you mean '\*\.down_proj'/ };
    const spec = { name: 'p', models: [tiny.checkpoint], recipes: ['rtn{*.down_porj:bits=8}'], tasks: [] };
    const experiment = { ...parseExperiment({ ...spec, tasks: ['none'] }, join(tiny.folder, 'e.json')), tasks: [] };
    await t.rejects(makePlan({ experiment, registry, kernels }), error);
    const narrow = { ...experiment, recipes: [{ name: 'narrow', recipe: 'rtn(groupSize=32){down:groupSize=48}' }] };
    const message = /divides the 160 columns of model\.layers\.0\.mlp\.down_proj, got 48/;
    await t.rejects(makePlan({ experiment: narrow, registry, kernels }), { code: 'SPEC_GROUP_SIZE', message });
    const [bad, good] = await tiny.outcome('rtn{*.down_porj:bits=8}', 'rtn{*.down_proj:bits=8}');
    t.match(bad, error);
    t.type(good, 'string');
  },
);
