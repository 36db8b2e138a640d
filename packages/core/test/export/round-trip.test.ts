import { join } from 'node:path';
import t from 'tap';
import { exportArtifact, exportFormats, findExportFormat, importFormats, inspectSubject } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { makeArtifactOf, makeTinyArtifact } from '../fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../fixtures/tiny-artifact.js';
import {
  cacheQuantizers,
  inputQuantizers,
  roundCache,
  roundInputs,
  roundInputsAndCache,
} from '../fixtures/forward-quantizers.js';
import { tinyLosses } from '../fixtures/losses.js';

const kernels = await loadKernels();

/** What each target can hold; every grid is read back to the very same losses. */
const cases: Record<string, Record<string, TinyArtifactOptions>> = {
  gptq: {
    'symmetric groups': {},
    '3 bits': { grid: { bits: 3 } },
    '2 bits a row': { grid: { bits: 2, granularity: 'channel' } },
    '8 bits': { grid: { bits: 8 } },
    'one scale a tensor': { grid: { granularity: 'tensor' } },
  },
  'gptq-v2': {
    asymmetric: { grid: { symmetric: false } },
    'asymmetric, 3 bits': { grid: { bits: 3, symmetric: false } },
  },
  awq: {
    asymmetric: { grid: { symmetric: false, grid: 'awq' } },
    'symmetric a row': { grid: { granularity: 'channel' } },
    'a layer stays float': { layerGrid: (name) => (name.endsWith('.0.mlp.down_proj') ? null : undefined) },
  },
  'compressed-tensors': {
    'symmetric groups': {},
    'asymmetric, 3 bits': { grid: { bits: 3, symmetric: false } },
    'asymmetric, 8 bits': { grid: { bits: 8, symmetric: false } },
    '5 bits, float32 scales, a row': { grid: { bits: 5, granularity: 'channel', scaleType: 'float32' } },
    'one scale a tensor, asymmetric': { grid: { granularity: 'tensor', symmetric: false } },
    'mixed widths, a layer stays float': {
      layerGrid: (name) =>
        name.endsWith('.0.mlp.down_proj') ? null : name.endsWith('down_proj') ? { bits: 8 } : undefined,
    },
  },
};

for (const [format, options] of Object.entries(cases))
  for (const [name, option] of Object.entries(options))
    t.test(`${format}, ${name}: read back to the same losses`, async (t) => {
      const folder = t.testdir();
      const { artifact } = await makeTinyArtifact(folder, option);
      const out = join(folder, 'out');
      const { layers } = await exportArtifact(artifact, findExportFormat(format), out, kernels);
      const info = await inspectSubject(out, kernels);
      t.equal(layers, 14 - Number(option.layerGrid !== undefined));
      t.equal(info.recipe?.name, `${format.replace('-v2', '')} checkpoint`);
      t.same(await tinyLosses(out, folder), await tinyLosses(artifact, folder));
    });

t.test('families: biases, tied and untied heads, shards', async (t) => {
  for (const family of ['opt', 'opt-350m', 'qwen2', 'qwen3', 'mistral'] as const)
    for (const format of ['gptq', 'awq', 'compressed-tensors']) {
      const folder = join(t.testdir(), family, format);
      const { artifact } = await makeTinyArtifact(folder, { family });
      await exportArtifact(artifact, findExportFormat(format), join(folder, 'out'), kernels);
      t.same(await tinyLosses(join(folder, 'out'), folder), await tinyLosses(artifact, folder), `${family} ${format}`);
    }
});

const forward: Record<string, TinyArtifactOptions['edit']> = {
  ...Object.fromEntries(Object.entries(inputQuantizers).map(([name, each]) => [`inputs: ${name}`, roundInputs(each)])),
  ...Object.fromEntries(Object.entries(cacheQuantizers).map(([name, each]) => [`cache: ${name}`, roundCache(each)])),
  'inputs and cache': roundInputsAndCache,
};
for (const [name, edit] of Object.entries(forward))
  t.test(`compressed-tensors, ${name}: read back to the same losses`, async (t) => {
    const folder = t.testdir();
    const { artifact } = await makeTinyArtifact(folder, { grid: { bits: 8 }, edit });
    const out = join(folder, 'out');
    await exportArtifact(artifact, findExportFormat('compressed-tensors'), out, kernels);
    const losses = await tinyLosses(out, folder);
    t.same(losses, await tinyLosses(artifact, folder));
    await makeArtifactOf(join(folder, 'model'), join(folder, 'plain'), { grid: { bits: 8 } });
    t.notSame(losses, await tinyLosses(join(folder, 'plain'), folder), 'and they tell of the rounding');
  });

t.test('GPT-2: Conv1D modules are stored as the linears that they are', async (t) => {
  for (const format of ['gptq', 'gptq-v2']) {
    const folder = join(t.testdirName, format);
    const { artifact } = await makeTinyArtifact(folder, { family: 'gpt2', grid: { symmetric: format === 'gptq' } });
    await exportArtifact(artifact, findExportFormat(format), join(folder, 'out'), kernels);
    t.same(await tinyLosses(join(folder, 'out'), folder), await tinyLosses(artifact, folder), format);
  }
});

t.test('every reader has a writer', (t) => {
  const names = exportFormats.map(({ name }) => name);
  t.ok(importFormats.every(({ name }) => names.includes(name)));
  t.end();
});
