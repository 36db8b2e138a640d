import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import {
  exportArtifact,
  findExportFormat,
  inspectSubject,
  readSafetensorsHeader,
  writeSafetensors,
} from '@lowbit/core';
import type { NewTensor } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { encodeActOrder } from '../fixtures/act-order.js';
import { encodeFloats } from '../fixtures/encode-floats.js';
import { tinyLosses } from '../fixtures/losses.js';
import { makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';

const kernels = await loadKernels();

async function exported(t: Test, format: string, options: TinyArtifactOptions = {}) {
  const folder = t.testdir();
  const { artifact } = await makeTinyArtifact(folder, options);
  await exportArtifact(artifact, findExportFormat(format), join(folder, 'out'), kernels);
  return { folder, artifact, out: join(folder, 'out') };
}

/** Changes the quantization_config of an exported folder. */
async function editSection(out: string, edit: (section: Record<string, unknown>) => void): Promise<void> {
  const path = join(out, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as { quantization_config: Record<string, unknown> };
  edit(config.quantization_config);
  await writeFile(path, JSON.stringify(config));
}

/** Rewrites the weights with some tensors changed, added, or (undefined) left out. */
async function editTensors(out: string, change: (tensor: NewTensor) => NewTensor | undefined, added: NewTensor[] = []) {
  const path = join(out, 'model.safetensors');
  const { tensors } = await readSafetensorsHeader(path);
  const file = await readFile(path);
  const all = [...tensors.values()].map(({ name, dtype, shape, offset, bytes }) => ({
    ...{ name, dtype, shape, data: new Uint8Array(file.subarray(offset, offset + bytes)) },
  }));
  await writeSafetensors(path, [...all.flatMap((tensor) => change(tensor) ?? []), ...added]);
}

for (const format of ['gptq', 'gptq-v2', 'compressed-tensors'])
  t.test(`${format}: groups that follow act-order`, async (t) => {
    const { folder, artifact, out } = await exported(t, format, { encode: encodeActOrder });
    t.same(await tinyLosses(out, folder), await tinyLosses(artifact, folder));
  });

t.test('what is known without computing', async (t) => {
  const { artifact, out } = await exported(t, 'compressed-tensors');
  const [ours, theirs] = [await inspectSubject(artifact, kernels), await inspectSubject(out, kernels)];
  t.equal(theirs.parameters, ours.parameters);
  t.same(theirs.decoder, ours.decoder);
  t.same(theirs.recipe, { name: 'compressed-tensors checkpoint', steps: [], bits: 4 });
  // 4 bits and a float16 scale for 32 weights; 16 bytes of shape for each of the 14 linears.
  const weights = ours.layers.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  t.equal(theirs.bitsPerWeight, 4.5 + (14 * 16 * 8) / weights);
});

t.test('a bias that every layer has, as some packers write it', async (t) => {
  const { folder, artifact, out } = await exported(t, 'gptq');
  const name = 'model.layers.0.self_attn.q_proj.bias';
  const zeros: NewTensor = { name, dtype: 'F16', shape: [64], data: new Uint8Array(128) };
  await editTensors(out, (tensor) => tensor, [zeros]);
  t.same(await tinyLosses(out, folder), await tinyLosses(artifact, folder));
  const ones = { ...zeros, data: encodeFloats(new Float32Array(64).fill(1), 'F16') };
  await editTensors(out, (tensor) => (tensor.name === name ? ones : tensor));
  t.notSame(await tinyLosses(out, folder), await tinyLosses(artifact, folder), 'and it counts');
});

t.test('group indices may be absent, targets may be patterns', async (t) => {
  const gptq = await exported(t, 'gptq');
  await editTensors(gptq.out, (tensor) => (tensor.name.endsWith('.g_idx') ? undefined : tensor));
  t.same(await tinyLosses(gptq.out, gptq.folder), await tinyLosses(gptq.artifact, gptq.folder));
  const compressed = await exported(t, 'compressed-tensors');
  await editSection(compressed.out, (section) => {
    const { group_0: group } = section['config_groups'] as { group_0: { targets: string[] } };
    group.targets = ['re:model[.]layers[.].*_proj'];
  });
  t.same(await tinyLosses(compressed.out, compressed.folder), await tinyLosses(compressed.artifact, compressed.folder));
});

type Section = Record<string, unknown>;
const groupOf = (section: Section): Section => (section['config_groups'] as { group_0: Section }).group_0;
const weightsOf = (section: Section): Section => groupOf(section)['weights'] as Section;

/** Format, what is wrong, and what the error says. */
const wrongConfigs: [format: string, edit: (section: Section) => void, error: { code: string; message: RegExp }][] = [
  [
    'gptq',
    (s) => (s['quant_method'] = 'bitsandbytes'),
    { code: 'CONFIG_VALUE', message: /one of gptq, awq, compressed-tensors, and it is "bitsandbytes"/ },
  ],
  ['gptq', (s) => (s['bits'] = 5), { code: 'CONFIG_VALUE', message: /quantization_config\.bits.*one of 2, 3, 4, 8/ }],
  ['gptq', (s) => (s['checkpoint_format'] = 'marlin'), { code: 'CONFIG_VALUE', message: /checkpoint_format.*gptq_v2/ }],
  ['gptq', (s) => (s['dynamic'] = { '+:.*': { bits: 8 } }), { code: 'CONFIG_KEY', message: /dynamic/ }],
  [
    'gptq',
    (s) => (s['group_size'] = 16),
    { code: 'CHECKPOINT_SHAPE', message: /qzeros" must be I32 of shape \[4, 8\]/ },
  ],
  ['awq', (s) => (s['bits'] = 8), { code: 'CONFIG_VALUE', message: /quantization_config\.bits.*must be 4/ }],
  ['awq', (s) => (s['version'] = 'gemv'), { code: 'CONFIG_VALUE', message: /version.*did you mean gemm/ }],
  [
    'compressed-tensors',
    (s) => (s['format'] = 'float-quantized'),
    { code: 'CONFIG_KEY', message: /format.*float-quantized/ },
  ],
  [
    'compressed-tensors',
    (s) => (s['kv_cache_scheme'] = { num_bits: 8, type: 'float' }),
    { code: 'CONFIG_VALUE', message: /kv_cache_scheme\.type/ },
  ],
  [
    'compressed-tensors',
    (s) => (s['kv_cache_scheme'] = { num_bits: 8, dynamic: true }),
    { code: 'CONFIG_VALUE', message: /kv_cache_scheme\.strategy.*group where dynamic is true/ },
  ],
  [
    'compressed-tensors',
    (s) => (s['kv_cache_scheme'] = { num_bits: 8 }),
    { code: 'CHECKPOINT_TENSOR', message: /layers\.0\.self_attn\.k_scale/ },
  ],
  [
    'compressed-tensors',
    (s) => (groupOf(s)['input_activations'] = { num_bits: 8, strategy: 'token' }),
    { code: 'CONFIG_VALUE', message: /group_0\.input_activations\.strategy.*tensor where dynamic is false/ },
  ],
  [
    'compressed-tensors',
    (s) => (groupOf(s)['input_activations'] = { dynamic: true, strategy: 'token', scale_dtype: 'float16' }),
    { code: 'CONFIG_KEY', message: /input_activations\.scale_dtype/ },
  ],
  [
    'compressed-tensors',
    (s) => (groupOf(s)['output_activations'] = { dynamic: true, strategy: 'token' }),
    { code: 'CONFIG_KEY', message: /output_activations/ },
  ],
  ['compressed-tensors', (s) => (s['config_groups'] = {}), { code: 'CONFIG_VALUE', message: /at least one group/ }],
  [
    'compressed-tensors',
    (s) => (weightsOf(s)['type'] = 'float'),
    { code: 'CONFIG_VALUE', message: /config_groups\.group_0\.weights\.type/ },
  ],
  ['compressed-tensors', (s) => (weightsOf(s)['dynamic'] = true), { code: 'CONFIG_KEY', message: /dynamic/ }],
];
for (const [format, edit, error] of wrongConfigs)
  t.test(`${format}: ${error.message.source}`, async (t) => {
    const { folder, out } = await exported(t, format);
    await editSection(out, edit);
    await t.rejects(tinyLosses(out, folder), error);
  });

t.test('a target that leaves a layer out', async (t) => {
  const { folder, out } = await exported(t, 'compressed-tensors');
  await editSection(out, (section) => {
    (section['config_groups'] as { group_0: { targets: string[] } }).group_0.targets = ['re:.*self_attn'];
  });
  await t.rejects(tinyLosses(out, folder), {
    code: 'CONFIG_VALUE',
    message: /one targets model\.layers\.0\.mlp\.gate_proj/,
  });
});

const layer = 'model.layers.1.mlp.down_proj';
const wrongTensors: [
  name: string,
  change: (tensor: NewTensor) => NewTensor | undefined,
  error: { code: string; message?: RegExp },
][] = [
  [
    'zero points are missing',
    (x) => (x.name === `${layer}.qzeros` ? undefined : x),
    { code: 'CHECKPOINT_TENSOR', message: /asks for tensor ".*down_proj\.qzeros"/ },
  ],
  [
    'a norm is missing',
    (x) => (x.name === 'model.norm.weight' ? undefined : x),
    { code: 'CHECKPOINT_TENSOR', message: /model\.norm\.weight.*no weight file/ },
  ],
  [
    'a norm of another size',
    (x) => (x.name === 'model.norm.weight' ? { ...x, shape: [2, 32] } : x),
    { code: 'CHECKPOINT_SHAPE', message: /model\.norm\.weight.*\[2, 32\]/ },
  ],
  [
    'a scale is infinite',
    (x) =>
      x.name === `${layer}.scales` ? { ...x, data: new Uint8Array((x.data as Uint8Array).length).fill(0x7c) } : x,
    { code: 'CHECKPOINT_VALUE', message: /down_proj\.scales.*index 0/ },
  ],
  [
    'a group that is not there',
    (x) => (x.name === `${layer}.g_idx` ? { ...x, data: new Uint8Array(new Int32Array(160).fill(9).buffer) } : x),
    { code: 'CHECKPOINT_VALUE', message: /one of its 5 groups, and column 0 lies in 9/ },
  ],
  [
    'a tensor that belongs nowhere',
    (x) => (x.name === 'lm_head.weight' ? { ...x, name: 'lm_head.other' } : x),
    { code: 'CHECKPOINT_TENSOR' },
  ],
];
for (const [name, change, error] of wrongTensors)
  t.test(name, async (t) => {
    const { folder, out } = await exported(t, 'gptq');
    await editTensors(out, change);
    await t.rejects(tinyLosses(out, folder), error);
  });

t.test('a tensor beside those of the model', async (t) => {
  const { folder, out } = await exported(t, 'gptq');
  const extra: NewTensor = { name: 'lm_head.qweight', dtype: 'I32', shape: [1], data: new Uint8Array(4) };
  await editTensors(out, (tensor) => tensor, [extra]);
  await t.rejects(tinyLosses(out, folder), { code: 'CHECKPOINT_TENSOR', message: /lm_head\.qweight.*no place/ });
});

t.test('GPT-2 is read from gptq alone: its linears are stored the other way round', async (t) => {
  const folder = t.testdir();
  const { artifact, checkpoint } = await makeTinyArtifact(folder, { family: 'gpt2' });
  const path = join(checkpoint, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  const section = { quant_method: 'awq', bits: 4, group_size: 32 };
  await writeFile(path, JSON.stringify({ ...config, quantization_config: section }));
  await editTensors(checkpoint, (x) => (x.name.endsWith('0.mlp.c_fc.weight') ? { ...x, dtype: 'I16' } : x));
  await t.rejects(tinyLosses(checkpoint, folder), { code: 'CONFIG_VALUE', message: /c_fc is a Conv1D/ });
  t.ok(artifact);
});
