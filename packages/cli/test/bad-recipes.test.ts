import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { readRun } from '@lowbit/core';
import { makeTinyCheckpoint } from '../../core/test/fixtures/tiny-checkpoint.js';
import type { TinyCheckpointOptions } from '../../core/test/fixtures/tiny-checkpoint.js';
import { callLowbit } from './call-lowbit.js';
import { model as stories } from './run-lowbit.js';

t.setTimeout(120_000);

const models: Record<string, TinyCheckpointOptions> = {
  llama: {},
  gpt2: { family: 'gpt2' },
  opt: { family: 'opt' },
  'opt-350m': { family: 'opt-350m' },
  'hidden size 118': { config: { hidden_size: 118 } },
  'MLP of 118': { config: { intermediate_size: 118 } },
  'heads of 14': { config: { head_dim: 14 } },
  'heads of 14 and 5 of them': { config: { head_dim: 14, num_attention_heads: 5, num_key_value_heads: 5 } },
};

interface BadRecipe {
  model?: keyof typeof models;
  recipe: string;
  format?: string;
  code: string;
  /** Layer (where one is to blame), option and remedy. */
  message: RegExp;
}

const q = /model\.layers\.0\.self_attn\.q_proj/.source;
const down = /model\.layers\.0\.mlp\.down_proj/.source;
const half = 'scaleType=float16';

const cases: BadRecipe[] = [
  // A transform that the family does not allow.
  {
    ...{ model: 'opt-350m', recipe: 'quarot+rtn', code: 'EDIT_REFUSED' },
    message: /layers\.0\.self_attn_layer_norm .*normalises after the addition.*leave this step out/,
  },
  {
    ...{ model: 'opt-350m', recipe: 'smoothquant+rtn', code: 'EDIT_REFUSED' },
    message: /layers\.0\.self_attn_layer_norm .*residual stream itself.*leave this step out/,
  },
  // Sizes without a Hadamard matrix.
  {
    ...{ model: 'hidden size 118', recipe: 'quarot+rtn', code: 'EDIT_REFUSED' },
    message: /residual stream, got 118; set residual=orthogonal or residual=off/,
  },
  {
    ...{ model: 'MLP of 118', recipe: 'quarot+rtn', code: 'EDIT_REFUSED' },
    message: new RegExp(`${down}, got 118; set down=false`),
  },
  {
    ...{ model: 'heads of 14', recipe: 'quarot+rtn', code: 'EDIT_REFUSED' },
    message: /a head before model\.layers\.0\.self_attn\.o_proj, got 14; set output=concatenated or output=off/,
  },
  {
    ...{ model: 'heads of 14', recipe: 'quarot(output=off)+rtn', code: 'EDIT_REFUSED' },
    message: /queries and keys of block 0, got 14; set keys=false/,
  },
  {
    ...{ model: 'heads of 14 and 5 of them', recipe: 'quarot+rtn', code: 'EDIT_REFUSED' },
    message: /the input of model\.layers\.0\.self_attn\.o_proj, got 70; set output=off/,
  },
  // Options that contradict the model or each other.
  {
    ...{ recipe: 'gptq(groupSize=48)', code: 'SPEC_GROUP_SIZE' },
    message: new RegExp(`64 columns of ${q}, got 48; choose a divisor or set remainder=short`),
  },
  {
    ...{ recipe: 'awq(groupSize=64)', code: 'SPEC_GROUP_SIZE' },
    message: new RegExp(`160 columns of ${down}, got 64; choose a divisor`),
  },
  {
    ...{ recipe: 'rtn(granularity=channel,groupSize=32)', code: 'METHOD_OPTION' },
    message: /no groupSize beside granularity=channel, got 32; leave one of them out/,
  },
  {
    ...{ recipe: 'gptq(grid=smoothquant,symmetric=false)', code: 'METHOD_OPTION' },
    message: /symmetric=true beside grid=smoothquant.*choose another grid/,
  },
  { recipe: 'rtn(clip=mse,clipNorm=7)', code: 'METHOD_OPTION', message: /clipNorm, got 7; use at most 6/ },
  {
    ...{ recipe: 'rtn+activations(granularity=group)', code: 'METHOD_OPTION' },
    message: /groupSize.*granularity=group needs one: set for instance groupSize=128/i,
  },
  {
    ...{ recipe: 'rtn+activations(groupSize=32)', code: 'METHOD_OPTION' },
    message: /no meaning for granularity=token: set granularity=group, or leave it out/,
  },
  {
    ...{ recipe: 'rtn+activations(granularity=group,groupSize=48)', code: 'METHOD_OPTION' },
    message: new RegExp(`divides the 64 channels at the input of ${q}, got 48; choose a divisor`),
  },
  { recipe: 'rtn+kv(keyAxis=channel)', code: 'METHOD_OPTION', message: /window with channel groups.*options of kv/ },
  { recipe: 'rtn+kv(groupSize=12)', code: 'METHOD_OPTION', message: /head size 16 of block 0, got 12.*options of kv/ },
  { recipe: 'rtn+kv(window=8,symmetric=true)', code: 'METHOD_OPTION', message: /neither .*symmetric.*beside a window/ },
  { recipe: 'rtn+quarot', code: 'RECIPE_ORDER', message: /quarot before rtn.*codes cannot be rotated; swap them/ },
  { recipe: 'rtn+gptq', code: 'RECIPE_ORDER', message: /one step that acts on weights.*leave one out/ },
  { recipe: 'kvquant(qNorm=true,codebook=uniform)', code: 'METHOD_OPTION', message: /codebook=kmeans beside qNorm/ },
  // What differs by layer.
  {
    ...{ recipe: 'rtn(groupSize=32){*.1.mlp.down_proj:groupSize=48}', code: 'SPEC_GROUP_SIZE' },
    message: /160 columns of model\.layers\.1\.mlp\.down_proj, got 48/,
  },
  { recipe: 'rtn{*.down_porj:bits=8}', code: 'RECIPE_LAYER', message: /did you mean '\*\.down_proj'/ },
  {
    ...{ recipe: 'gptq(head=true,groupSize=16){head:groupSize=48}', code: 'SPEC_GROUP_SIZE' },
    message: /64 columns of lm_head, got 48/,
  },
  // What a format cannot say, before the recipe is run.
  {
    ...{ recipe: `rtn(groupSize=32,${half}){down:bits=8}`, format: 'gptq', code: 'EXPORT_REFUSED' },
    message: new RegExp(
      `${down} has 8 bits and ${q} 4, and its config has one entry for all; quantize all layers alike`,
    ),
  },
  {
    ...{ recipe: `rtn(groupSize=32,${half},head=true)`, format: 'awq', code: 'EXPORT_REFUSED' },
    message: /lm_head is quantized, and only blocks are exported; leave head and embeddings out/,
  },
  {
    ...{ model: 'gpt2', recipe: `awq(groupSize=32,${half})`, format: 'awq', code: 'EXPORT_REFUSED' },
    message: /scale at .*\.0\.mlp\.c_proj\.input .*; set awq\(online=false\), or leave that step out/,
  },
  {
    ...{ recipe: `rtn(${half})+activations`, format: 'gptq', code: 'EXPORT_REFUSED' },
    message: new RegExp(`quantize at ${q}\\.input .*leave that step out of the recipe, or export to onnx`),
  },
  {
    ...{ recipe: `rtn(${half})+kv`, format: 'gguf', code: 'EXPORT_REFUSED' },
    message: /quantize at block\.0\.key .*leave that step out/,
  },
  {
    ...{ recipe: `quarot+rtn(${half})`, format: 'awq', code: 'EXPORT_REFUSED' },
    message: /rotate at model\.layers\.0\.self_attn\.o_proj\.input .*leave that step out/,
  },
  {
    ...{ recipe: 'quarot+rtn', format: 'compressed-tensors', code: 'EXPORT_REFUSED' },
    message: /rotate at .*o_proj\.input .*export to onnx/,
  },
  {
    ...{ recipe: 'smoothquant+rtn(bits=8)+activations', format: 'compressed-tensors', code: 'EXPORT_REFUSED' },
    message: new RegExp(
      `${q}\\.input is absMax / 127, .* set grid=compressed-tensors, symmetric=false or range=static`,
    ),
  },
  {
    ...{ recipe: 'rtn(bits=8)+kv(bits=8)', format: 'compressed-tensors', code: 'EXPORT_REFUSED' },
    message: /block\.0\.key is asymmetric.*set symmetric=true/,
  },
  {
    ...{ recipe: 'rtn(groupSize=48,remainder=short)', format: 'compressed-tensors', code: 'EXPORT_REFUSED' },
    message: new RegExp(
      `groupSize 48 leaves a shorter last group in the 64 columns of ${q}; quantize with a groupSize`,
    ),
  },
  {
    ...{ recipe: `gptq(groupSize=32,actOrder=group,${half})`, format: 'awq', code: 'EXPORT_REFUSED' },
    message: new RegExp(`groups of ${q} do not lie in order .*quantize with actOrder=static`),
  },
  {
    ...{ recipe: `rtn(bits=8,symmetric=false,groupSize=32,${half})`, format: 'gguf', code: 'EXPORT_REFUSED' },
    message: new RegExp(`${q} is asymmetric at 8 bits.*symmetric=true`),
  },
  {
    ...{ recipe: 'rtn(groupSize=8)', format: 'onnx', code: 'EXPORT_REFUSED' },
    message: /groups of 8 columns.*powers of two from 16/,
  },
  {
    ...{ model: 'opt', recipe: `rtn(groupSize=32,${half})`, format: 'gguf', code: 'EXPORT_REFUSED' },
    message: /the opt family has no names here.*;/,
  },
  {
    ...{ model: 'gpt2', recipe: `rtn(${half})`, format: 'compressed-tensors', code: 'EXPORT_REFUSED' },
    message: /c_attn is a Conv1D module .*export to gptq or onnx/,
  },
];

/** Infinities in a weight: a command that reads the weights to work on them says so instead. */
async function makeBroken(t: Test, options: TinyCheckpointOptions): Promise<string> {
  const folder = join(t.testdirName, String(made++));
  await makeTinyCheckpoint(folder, { dtype: 'F16', ...options });
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  bytes.writeUInt16LE(0x7c00, bytes.length - 2);
  await writeFile(path, bytes);
  return folder;
}
let made = 0;

t.test('each is refused in one sentence with its code, before anything is read or run', async (t) => {
  const folder = t.testdir({ 'ids.json': JSON.stringify([Array.from({ length: 32 }, (_, i) => i)]) });
  const calibration = ['--calibration', `token-ids:${join(folder, 'ids.json')}`];
  const paths = new Map<string, string>();
  for (const [name, options] of Object.entries(models)) paths.set(name, await makeBroken(t, options));
  const quantize = (model: string, recipe: string, ...rest: string[]): string[] => [
    ...['quantize', paths.get(model) as string, '--recipe', recipe, '-o', join(folder, 'out'), ...calibration],
    ...rest,
  ];
  for (const { model = 'llama', recipe, format, code, message } of cases) {
    const name = `${recipe} on ${model}${format === undefined ? '' : ` to ${format}`}`;
    const args = quantize(model, recipe, ...(format === undefined ? [] : ['--format', format]));
    const { status, stdout, stderr } = await callLowbit(t, args);
    t.equal(status, 2, name);
    t.equal(stdout, '');
    t.match(stderr, new RegExp(`^error \\[${code}\\]: [^\\n]+[.?]\\n$`), name);
    t.match(stderr, message, name);
  }
  t.notOk((await readdir(folder)).includes('out'), 'nothing was written');
  const good = await callLowbit(t, quantize('llama', 'rtn'));
  t.match(good.stderr, /^error \[CHECKPOINT_VALUE\]/, 'a recipe that fits comes as far as the weights');
});

t.test('AWQ says which layers it could not scale, and why', async (t) => {
  const folder = t.testdir({ 'ids.json': JSON.stringify([Array.from({ length: 64 }, (_, i) => i * 3)]) });
  const checkpoint = join(folder, 'model');
  await makeTinyCheckpoint(checkpoint, { family: 'opt-350m' });
  const ids = `token-ids:${join(folder, 'ids.json')}`;
  const artifact = join(folder, 'artifact');
  const args = ['quantize', checkpoint, '--recipe', 'awq(groupSize=32)', '-o', artifact, '--calibration', ids];
  const { status, stdout, stderr } = await callLowbit(t, args);
  t.equal(status, 0, stderr);
  t.match(stdout, /12 layers .*, 8 not treated as asked/, 'q, k, v and fc1 of two blocks');
  t.match(
    (await callLowbit(t, ['inspect', artifact])).stdout,
    /q_proj .*not scaled: the norm comes after the addition/,
  );
});

t.test('a singular Hessian: damping is raised, per layer, and the report says so', async (t) => {
  const folder = t.testdir();
  const run = join(folder, 'run');
  const experiment = {
    name: 'singular',
    models: [stories],
    recipes: [{ name: 'singular', recipe: 'gptq(bits=3,dampPercent=1e-12)' }],
    tasks: [{ name: 'tinystories', limit: 1 }],
    // Eight tokens: second moments of rank 8 in 64 and 172 dimensions.
    calibration: `text:${stories}/stories.txt,samples=1,sequenceLength=8`,
    data: stories,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'e.json'), JSON.stringify(experiment));
  const { status, stderr } = await callLowbit(t, ['run', join(folder, 'e.json'), '-o', run]);
  t.equal(status, 0, stderr);
  const [cell] = (await readRun(run)).cells;
  const raised = (cell?.layers ?? []).filter(({ fallback }) => fallback !== undefined);
  t.ok(raised.length > 0, `${raised.length} of ${cell?.layers.length} layers`);
  for (const { fallback, notes } of raised) {
    const { dampPercent } = notes as { dampPercent: number };
    t.equal(fallback, `damping raised to ${dampPercent}`);
    t.ok(dampPercent > 1e-12 && dampPercent <= 1, 'tenfold, up to the mean diagonal');
  }
  const page = await readFile(join(run, 'recipes', 'singular.html'), 'utf8');
  t.match(page, new RegExp(`<tr class="fallback"><th scope="row">[^<]*(?:<td[^>]*>[^<]*)*${raised[0]?.fallback}`));
  t.match(page, new RegExp(`${raised.length} fallback`));
  t.match(
    await readFile(join(run, 'report.html'), 'utf8'),
    `${raised.length} of ${cell?.layers.length} layers not treated`,
  );
});
