import { spawnSync } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { exportArtifact, findExportFormat, openTokenizer } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { llamaFolder } from '../../../scripts/peers/find-llama.mjs';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { writeDecodedCheckpoint } from '../test/fixtures/decoded-checkpoint.js';
import { exportGolden } from '../test/fixtures/export-goldens.js';
import { tinyLosses } from '../test/fixtures/losses.js';
import { makeArtifactOf, makeTinyArtifact } from '../test/fixtures/tiny-artifact.js';
import type { TinyArtifactOptions } from '../test/fixtures/tiny-artifact.js';
import { hashOf } from './compare-export.js';

// A GGUF file beside what llama.cpp's converter makes of the decoded weights: names, order of rows, keys and values.
const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
const smollm2 = join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct');
const kernels = await loadKernels();

// Builds llama.cpp where it is not there yet. Its log is kept here: a reporter that reads no standard error lets it wait.
const prepared = spawnSync(process.execPath, ['scripts/prepare-llama.mjs'], {
  stdio: ['ignore', 'ignore', 'pipe'],
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (prepared.status !== 0) throw new Error(`llama.cpp could not be prepared: ${prepared.stderr.slice(-1000)}`);
const perplexity = join(llamaFolder, 'build', 'bin', 'llama-perplexity');
const source = join(llamaFolder, 'llama_cpp_python-0.3.36', 'vendor', 'llama.cpp');
const peer = await startPeer(python, 'scripts/peers/export-gguf-worker.py', [source]);
t.teardown(() => peer.close());

interface Answer {
  types: Record<string, string>;
  missing: string[];
  extra: string[];
  largest: number;
  keys: Record<string, unknown>;
}

// The converter knows tokenizers by their hash, so the tiny models carry SmolLM2's.
const vocabulary = { vocab_size: 49152 };
const ropeScaling = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const cases: Record<string, { options: TinyArtifactOptions; type: string; largest: number }> = {
  'llama, Q4_0': { options: { dtype: 'F32' }, type: 'Q4_0', largest: 0 },
  'llama with biases, Q8_0, a layer stays float': {
    options: {
      config: { attention_bias: true, mlp_bias: true },
      grid: { bits: 8 },
      layerGrid: (name) => (name.endsWith('.1.self_attn.q_proj') ? null : undefined),
    },
    type: 'Q8_0',
    largest: 0,
  },
  // Steps are about 0.1, and their share of float16's rounding 2^-12 of 15 steps.
  'llama, Q4_1': { options: { grid: { symmetric: false } }, type: 'Q4_1', largest: 1e-3 },
  'llama with scaled frequencies, 3 bits': {
    // The factors are computed in another order of float32 operations.
    options: { grid: { bits: 3 }, config: { rope_scaling: ropeScaling, rope_theta: 500000 } },
    type: 'Q4_0',
    largest: 1e-5,
  },
  'qwen2, tied': { options: { family: 'qwen2' }, type: 'Q4_0', largest: 0 },
  'qwen3, groups of 64': {
    options: { family: 'qwen3', grid: { groupSize: 64 }, config: { intermediate_size: 192 } },
    type: 'Q4_0',
    largest: 0,
  },
};

for (const [name, { options, type, largest }] of Object.entries(cases))
  t.test(name, async (t) => {
    const folder = t.testdir();
    const { checkpoint, artifact } = await makeTinyArtifact(folder, {
      ...options,
      tokenizer: false,
      config: { ...vocabulary, ...options.config },
    });
    for (const file of ['tokenizer.json', 'tokenizer_config.json'])
      await copyFile(join(smollm2, file), join(artifact, file));
    await exportArtifact(artifact, findExportFormat('gguf'), join(folder, 'out'), kernels);
    await writeDecodedCheckpoint(checkpoint, artifact, join(folder, 'decoded'));
    const files = { gguf: join(folder, 'out', 'model.gguf'), work: join(folder, 'converted.gguf') };
    const answer = (await peer.ask({ ...files, checkpoint: join(folder, 'decoded') })) as Answer;
    t.same(answer.missing, []);
    t.same(answer.extra, []);
    t.same(answer.keys, {}, 'every key of the model and tokenizer');
    t.equal(answer.types['blk.0.ffn_down.weight'], type);
    t.ok(answer.largest <= largest, `largest difference ${answer.largest}`);
  });

/** Words enough for four windows. */
const text = Array.from({ length: 600 }, (_, i) => `the ${i * i} quick brown foxes jump over ${i} lazy dogs`).join(
  ', ',
);

/** Of the mean loss of llama.cpp's perplexity, whose products round activations to 8 bits in blocks of 32. */
const perplexityTolerance = 0.01;

/** The second half of each window counts. */
async function comparePerplexity(artifact: string, folder: string, window: number): Promise<number> {
  const chunks = 4;
  const [file, model] = [join(folder, 'text.txt'), join(folder, 'out', 'model.gguf')];
  await writeFile(file, text);
  await exportArtifact(artifact, findExportFormat('gguf'), join(folder, 'out'), kernels);
  const options = ['-c', window, '--chunks', chunks, '-t', 2].map(String);
  const { stdout, stderr } = spawnSync(perplexity, ['-m', model, '-f', file, ...options], { encoding: 'utf8' });
  const theirs = Number(/PPL = ([\d.]+)/.exec(`${stdout}${stderr}`)?.[1]);
  const tokenizer = await openTokenizer(artifact);
  const ids = tokenizer.encode(text, { special: true });
  const losses: number[] = [];
  for (let i = 0; i < chunks; i++) {
    const own = ids.slice(i * window, (i + 1) * window);
    // Each window begins with BOS where the tokenizer adds it.
    if (tokenizer.addsBos) own[0] = tokenizer.bosId ?? 0;
    losses.push(...(await tinyLosses(artifact, folder, own)).slice(window / 2));
  }
  return Math.log(theirs) - losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

t.test('the golden in llama.cpp: its perplexity', async (t) => {
  const folder = t.testdir();
  const { options, file, sha256 } = exportGolden('gguf');
  const { artifact } = await makeTinyArtifact(folder, options);
  const difference = await comparePerplexity(artifact, folder, 64);
  t.equal(await hashOf(join(folder, 'out', file)), sha256);
  t.ok(Math.abs(difference) < perplexityTolerance, `mean losses differ by ${difference}`);
});

t.test('SmolLM2 in llama.cpp: its perplexity', async (t) => {
  const folder = t.testdir();
  const artifact = join(folder, 'artifact');
  await makeArtifactOf(smollm2, artifact);
  const difference = await comparePerplexity(artifact, folder, 512);
  t.ok(Math.abs(difference) < perplexityTolerance, `mean losses differ by ${difference}`);
});
