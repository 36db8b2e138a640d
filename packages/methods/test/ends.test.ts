import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import {
  blockLinears,
  checkRecipeExport,
  defineMethod,
  exportArtifact,
  findExportFormat,
  inspectSubject,
  readSafetensorsHeader,
  resolveRecipe,
  writeSafetensors,
  z,
} from '@lowbit/core';
import type { Statistics } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { writeDecodedCheckpoint } from '../../core/test/fixtures/decoded-checkpoint.js';
import { registry, sameFloats, TinyRecipes } from './tiny-recipes.js';
import type { TinyArtifact } from './tiny-recipes.js';

const kernels = await loadKernels();

const token = ({ record }: TinyArtifact): string => record.decoder.embedding.token.tensor;
const head = ({ record }: TinyArtifact): string => record.decoder.head.weight.tensor;

/** What the head's input looked like to a method, by the recipe's name. */
const seen = new Map<number, Statistics>();
const probe = defineMethod({
  ...{ name: 'probe', version: '1', description: 'of the test', source: 'none' },
  options: z.object({ id: z.int(), inputs: z.enum(['float', 'quantized']).default('quantized') }),
  ends: () => ['head'],
  needs: ({ inputs }) => ({ statistics: ['hessian'], inputs }),
  async finish(draft, { options }) {
    if (draft.head)
      seen.set(options.id, (await draft.statistics([draft.head], ['hessian'])).get(draft.head) as Statistics);
  },
});
registry.add({ methods: [probe] });

for (const family of ['llama', 'qwen2', 'opt', 'opt-350m', 'gpt2'] as const)
  t.test(`${family}: head and embedding at 8 bits are near float, and counted`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir(), { family });
    const float = await inspectSubject(tiny.checkpoint, kernels);
    const { tied } = float.decoder.head;
    const plain = await tiny.make('rtn(bits=8,groupSize=16)');
    const all = await tiny.make('rtn(bits=8,groupSize=16,head=true,embeddings=true)');
    const records = all.record.layers.filter(({ block }) => block === undefined);
    t.same(
      records.map(({ role }) => role),
      ['embedding', 'head'],
    );
    t.equal(all.record.decoder.head.tied, false);
    t.notOk(token(all) === head(all), 'each has a tensor');
    t.ok(all.record.weights[token(all)] && all.record.weights[head(all)]);
    const [rows, cols] = [float.decoder.vocabSize, float.decoder.embedding.token.shape[1]];
    for (const record of records) t.match(record, { rows, cols, bitsPerWeight: 10 });
    t.equal(all.record.bitsPerWeight, 10);
    const limit = 3 * (await tiny.distance(plain.folder));
    t.ok((await tiny.distance(all.folder)) < limit, 'near float');
    const three = await tiny.make('rtn(bits=8,groupSize=16,head=true){lm_head:bits=3}');
    t.ok((await tiny.distance(three.folder)) > limit, 'at 3 bits it is not');
    t.ok(sameFloats(await three.read(token(three)), await tiny.read(token(three))), 'the embedding is left alone');
    t.equal(three.record.decoder.head.tied, false);
    const heads = rows * (cols ?? 0);
    const weights = float.decoder.blocks.flatMap(blockLinears).reduce((sum, each) => sum + each.rows * each.cols, 0);
    t.equal(three.record.bitsPerWeight, (10 * weights + 5 * heads) / (weights + heads));
    const table = await tiny.make('rtn(bits=3,groupSize=16,embeddings=true){*:off; embedding:bits=3}');
    t.equal(table.record.decoder.head.tied, tied, 'a tied head stays tied');
    const isRounded = !sameFloats(await table.read(head(table)), await tiny.read(head(table)));
    t.equal(isRounded, tied, 'and reads the rounded values');
  });

for (const family of ['llama', 'qwen2'] as const)
  t.test(`${family}: what is scored is the float model with the stored values`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir(), { family });
    const ends = family === 'llama' ? 'head=true,embeddings=true' : 'embeddings=true';
    const { folder } = await tiny.make(`rtn(bits=3,groupSize=16,${ends})`);
    const decoded = join(tiny.folder, 'decoded');
    await writeDecodedCheckpoint(tiny.checkpoint, folder, decoded);
    t.same(await tiny.losses(folder), await tiny.losses(decoded));
  });

for (const family of ['llama', 'qwen2', 'opt-350m'] as const)
  t.test(`${family}: GPTQ on the head is below round to nearest on its calibration data`, async (t) => {
    const tiny = await TinyRecipes.create(t.testdir(), { family });
    const only = '(groupSize=16,head=true){*:off; lm_head:bits=3}';
    const [gptq, rtn] = [await tiny.make(`gptq${only}`), await tiny.make(`rtn${only}`)];
    const [record] = gptq.record.layers;
    t.match(record, { layer: 'lm_head', role: 'head', method: 'gptq' });
    t.equal(gptq.record.layers.length, 1);
    t.ok((record?.squaredOutputError ?? NaN) < 0.9 * (record?.rtnSquaredOutputError ?? NaN));
    const distance = (path: string): Promise<number> => tiny.distance(path, 'calibration');
    t.ok((await distance(gptq.folder)) < (await distance(rtn.folder)), 'in the losses as well');
    // The step is 127 / 3 times finer.
    const eight = await tiny.make('gptq(groupSize=16,head=true){*:off; lm_head:bits=8}');
    t.ok((await tiny.distance(eight.folder)) < 0.1 * (await tiny.distance(gptq.folder)), '8 bits are near float');
  });

t.test("the head's statistics are those behind the last norm, of the stream that was asked for", async (t) => {
  const tiny = await TinyRecipes.create(t.testdir());
  const off = '{*:off; *.1.mlp.down_proj:bits=2}';
  const recipes = [
    'probe(id=0)',
    'probe(id=1,inputs=float)',
    `rtn(groupSize=16)${off}+probe(id=2)`,
    `rtn(groupSize=16)${off}+probe(id=3,inputs=float)`,
    'quarot+probe(id=4)',
  ];
  for (const made of await tiny.outcome(...recipes)) t.type(made, 'string');
  const gain = await tiny.read('model.norm.weight');
  const hessian = (id: number): Float32Array => seen.get(id)?.hessian as Float32Array;
  // RMSNorm: what leaves it has a mean square of 1 before the gain, but for its epsilon.
  const squares = gain.reduce((sum, g, j) => sum + (hessian(0)[j * 64 + j] as number) / g ** 2, 0);
  t.equal(seen.get(0)?.tokens, 256);
  t.ok(Math.abs(squares / (256 * 64) - 1) < 1e-4, String(squares));
  t.ok(sameFloats(hessian(0), hessian(1)), 'nothing rounded');
  t.notOk(sameFloats(hessian(2), hessian(0)), 'the last block counts');
  t.ok(sameFloats(hessian(3), hessian(0)), 'the float model sees nothing of it');
  // Behind rotations gains are folded and the length of a state stays.
  const trace = Array.from({ length: 64 }, (_, j) => hessian(4)[j * 64 + j] as number).reduce((a, b) => a + b, 0);
  t.ok(Math.abs(trace / (256 * 64) - 1) < 1e-4, String(trace));
});

t.test('calibration on the model quantized so far begins with the rounded embedding', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir());
  const recipes = ['quantized', 'float'].map(
    (inputs, id) => `rtn(groupSize=16,embeddings=true){*:off; embedding:bits=2}+probe(id=${10 + id},inputs=${inputs})`,
  );
  for (const made of await tiny.outcome(...recipes, 'probe(id=12)')) t.type(made, 'string');
  const [quantized, float, plain] = [10, 11, 12].map((id) => seen.get(id)?.hessian as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  t.ok(sameFloats(float, plain));
  t.notOk(sameFloats(quantized, plain));
});

t.test('behind rotations the head is rounded rotated', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir(), { family: 'qwen2' });
  const made = await tiny.make('quarot+gptq(bits=8,groupSize=16,head=true,embeddings=true)');
  t.ok(made.record.weights[token(made)] && made.record.weights['lm_head.weight']);
  const rounded = await tiny.make('gptq(bits=8,groupSize=16,head=true,embeddings=true)');
  t.ok((await tiny.distance(made.folder)) < 2 * (await tiny.distance(rounded.folder)));
});

t.test("a tied tensor under the head's name: the head is untied all the same", async (t) => {
  const tiny = await TinyRecipes.create(t.testdir(), { family: 'qwen2' });
  const file = join(tiny.checkpoint, 'model.safetensors');
  const { tensors } = await readSafetensorsHeader(file);
  const renamed = await Promise.all(
    [...tensors.values()].map(async ({ name, shape }) => {
      const data = new Uint8Array((await tiny.read(name)).buffer);
      return {
        name: name === 'model.embed_tokens.weight' ? 'lm_head.weight' : name,
        dtype: 'F32' as const,
        shape,
        data,
      };
    }),
  );
  await rm(file);
  await writeSafetensors(file, renamed, { format: 'pt' });
  const rounded = await tiny.make('rtn(bits=8,groupSize=16,head=true)');
  t.ok(sameFloats(await rounded.read('lm_head.weight'), await tiny.read('lm_head.weight')), 'still the embedding');
  t.notOk(head(rounded) === 'lm_head.weight');
  const rotated = await tiny.make('quarot');
  t.ok((await tiny.distance(rotated.folder)) < 2e-5, 'exact');
});

t.test('exports hold blocks only, and say so before the recipe is run', async (t) => {
  const tiny = await TinyRecipes.create(t.testdir());
  const text = 'rtn(bits=4,groupSize=32,scaleType=float16,head=true)';
  const { folder, record } = await tiny.make(text);
  for (const name of ['gptq', 'awq', 'compressed-tensors', 'onnx', 'gguf']) {
    const format = findExportFormat(name);
    const refused = { code: 'EXPORT_REFUSED', message: /head.* only blocks are exported/ };
    t.throws(() => checkRecipeExport(format, resolveRecipe(text, registry), record.decoder), refused, name);
    await t.rejects(exportArtifact(folder, format, join(tiny.folder, name), kernels), refused, name);
  }
});
