import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Night } from '@lowbit/core';
import { model, runLowbit } from '../test/run-lowbit.js';

// Bugs as somebody might commit them between two nights. Each is found, and the row or layer is named.

// Symmetric round to nearest, a scale a row, as somebody writes it outside the repository.
const rounder = (scale: string, wait = 0): string => `
import { setTimeout } from 'node:timers/promises';
import { defineMethod, encodeAffine, z } from '@lowbit/core';
export const methods = [defineMethod({
  name: 'rounder',
  version: '1',
  description: 'round to nearest',
  source: 'this test',
  options: z.object({ bits: z.number().default(4) }),
  async block(block, { options, kernels }) {
    if (block.index === 0) await setTimeout(${wait});
    for (const layer of block.layers) {
      const weight = await layer.weight();
      const spec = { grid: { name: 'compressed-tensors', symmetric: true, bits: options.bits }, granularity: 'channel', groupSize: weight.cols };
      const part = await encodeAffine(weight, spec, kernels);
      ${scale}
      await layer.encode([part], { method: 'rounder' });
    }
  },
})];
`;

const experiment = {
  name: 'seeded',
  models: [{ name: 'stories', path: './model' }],
  recipes: ['float', 'rounder'],
  tasks: [
    { name: 'tinystories', limit: 8 },
    { name: 'story_continuation', limit: 16 },
  ],
  plugins: ['./rounder.mjs'],
  data: './data',
};

interface Settings {
  files?: Record<string, string>;
  config?: object;
}

async function prepare(folder: string, { files = {}, config = {} }: Settings = {}): Promise<void> {
  await cp(model, join(folder, 'model'), { recursive: true });
  await mkdir(join(folder, 'data'));
  await cp(join(model, 'stories.txt'), join(folder, 'data', 'stories.txt'));
  const all = { 'rounder.mjs': rounder(''), 'nightly.json': JSON.stringify({ experiment, ...config }), ...files };
  for (const [name, content] of Object.entries(all)) await writeFile(join(folder, name), content);
}

async function runNight(
  folder: string,
): Promise<{ status: number | null; night: Night; stderr: string; stdout: string }> {
  const { status, stderr, stdout } = await runLowbit(['nightly', join(folder, 'nightly.json')]);
  const text = await readFile(join(folder, 'history', 'latest', 'verdict.json'), 'utf8').catch(() => '{}');
  return { status, stderr, stdout, night: JSON.parse(text) as Night };
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`Expected ${path} to change.`);
  await writeFile(path, changed);
}

const alarming = ({ againstLast }: Night): string[] =>
  (againstLast?.rows ?? [])
    .filter(({ verdict }) => verdict === 'worse' || verdict === 'incomparable')
    .map(({ recipe, task }) => `${recipe} ${task}`);

// A night without a bug, for all.
const before = t.testdir();
await prepare(before);
const first = await runNight(before);
t.equal(first.status, 0, first.stderr);

t.test("one layer's scales are off by 2 %", async (t) => {
  const folder = t.testdir();
  await cp(before, folder, { recursive: true });
  const layer = 'model.layers.2.mlp.down_proj';
  const bug = `
      if (layer.linear.name === '${layer}') {
        const { buffer, byteOffset, byteLength } = part.arrays.scales.data;
        const scales = new Float32Array(buffer, byteOffset, byteLength / 4);
        for (const i of scales.keys()) scales[i] *= 1.02;
      }`;
  await writeFile(join(folder, 'rounder.mjs'), rounder(bug));
  const { status, night, stdout } = await runNight(folder);
  t.equal(status, 1, stdout);
  t.equal(night.computed, 2, 'the float row is not computed again');
  t.ok(alarming(night).length > 0);
  t.ok(
    alarming(night).every((name) => name.startsWith('rounder ')),
    alarming(night).join(),
  );
  t.same(new Set(night.againstLast?.layers.map((shift) => shift.layer)), new Set([layer]));
  t.match(stdout, new RegExp(layer.replaceAll('.', '\\.')));
});

t.test('a tokenizer that begins texts with another token', async (t) => {
  const folder = t.testdir();
  await cp(before, folder, { recursive: true });
  await edit(join(folder, 'model', 'tokenizer_config.json'), (text) =>
    text.replace('"bos_token": "<s>"', '"bos_token": "</s>"'),
  );
  const { status, night, stdout } = await runNight(folder);
  t.equal(status, 1, stdout);
  t.ok(alarming(night).includes('float tinystories'), alarming(night).join());
  t.ok(night.againstLast?.changes.some(({ what, of }) => what === 'tokenizer' && of === 'stories'));
});

t.test("a task's data change", async (t) => {
  const folder = t.testdir();
  await cp(before, folder, { recursive: true });
  await edit(join(folder, 'data', 'stories.txt'), (text) => text.replace('Once', 'One'));
  const { status, night, stdout } = await runNight(folder);
  t.equal(status, 1, stdout);
  t.same(
    new Set(alarming(night)),
    new Set(['float tinystories', 'float story_continuation', 'rounder tinystories', 'rounder story_continuation']),
  );
  t.ok(night.againstLast?.rows.every(({ verdict }) => verdict === 'incomparable'));
  t.ok(night.againstLast?.changes.some(({ what, of }) => what === 'data' && of === 'stories.txt'));
});

t.test('a slower method', { timeout: 900_000 }, async (t) => {
  // What is slow is slept, which others do not change: it is judged whoever else computes, and nothing else is.
  const wait = 1000;
  const isSlow = ({ metric }: { metric: string }): boolean => metric === 'quantizeSeconds';
  const folder = t.testdir();
  const measure = [{ recipe: 'rounder', task: 'tinystories' }];
  const tolerances = { scoreSeconds: 9, tokenRate: 9, peakMemory: 9 };
  const config = { measure, tolerances, trials: 1, crowding: 1, pause: 0 };
  await prepare(folder, { files: { 'rounder.mjs': rounder('', wait) }, config });
  for (let night = 0; night < 6; night++) {
    const { status, stderr, stdout } = await runNight(folder);
    t.equal(status, 0, stderr + stdout);
  }
  for (const factor of [1.5, 2]) {
    const copy = `${folder}-${factor}`;
    t.teardown(() => rm(copy, { recursive: true }));
    await cp(folder, copy, { recursive: true });
    await writeFile(join(copy, 'rounder.mjs'), rounder('', wait * factor));
    const { status, night, stdout } = await runNight(copy);
    t.equal(status, 1, stdout);
    t.match(
      night.againstLast?.rows.find(isSlow),
      { recipe: 'rounder', verdict: 'worse', test: 'series' },
      `${factor} times`,
    );
    t.match(stdout, /▼ worse +stories +rounder +quantize +quantizeSeconds/);
  }
});
