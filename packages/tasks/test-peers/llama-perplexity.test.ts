import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { loadKernels, openDataFolder, openSubject, scoreTask } from '@lowbit/core';
import type { Tokenizer } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import { findLlama } from '../../../scripts/peers/find-llama.mjs';

// Weights of the GGUF file, activations and the cache are float32 on both sides: what is left is the order of sums.
const tolerance = 1e-4;
const [chunks, window] = [8, 512];
const data = resolve('..', 'shared', 'data');
const smollm2 = process.env['LOWBIT_SMOLLM2'] ?? join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct');

// Builds llama.cpp where it is not there yet; its log is kept here: a reporter that reads no standard error lets it wait.
const prepared = spawnSync(process.execPath, ['scripts/prepare-llama.mjs'], {
  stdio: ['ignore', 'ignore', 'pipe'],
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (prepared.status !== 0) throw new Error(`llama.cpp could not be prepared: ${prepared.stderr.slice(-1000)}`);
const llama = findLlama();
if (!llama) throw new Error('llama.cpp was prepared, but is not found.');

/** The perplexity that its tool prints, to four decimals. */
function theirs(more: readonly string[]): number {
  const text = join(data, 'wikitext2', 'wiki.test.raw');
  const exact = ['-ctk', 'f32', '-ctv', 'f32', '-fa', 'off'];
  const sizes = ['-c', window, '--chunks', chunks, '-t', 2].map(String);
  const run = spawnSync(llama?.tool ?? '', ['-m', llama?.model ?? '', '-f', text, ...sizes, ...exact, ...more], {
    encoding: 'utf8',
  });
  const log = `${run.stdout}${run.stderr}`;
  const value = Number(/PPL = ([\d.]+)/.exec(log)?.[1]);
  if (!(value > 1)) throw new Error(`llama-perplexity failed: ${log.slice(-500)}`);
  return value;
}

const subject = await openSubject(smollm2, {
  kernels: await loadKernels(),
  device: { name: 'cpu', threads: 2 },
  workFolder: t.testdir(),
});
t.teardown(() => subject.release());
const plain = await subject.tokenizer();

/** SmolLM2's tokenizer adds no BOS: this one does, as llama.cpp does when the file is overridden. */
const withBos: Tokenizer = {
  ...plain,
  addsBos: true,
  encode: (text, { special }) => {
    const ids = plain.encode(text, { special });
    return special ? Int32Array.from([plain.bosId ?? 0, ...ids]) : ids;
  },
};

const cases: [string, Tokenizer, string[]][] = [
  ['without BOS, as the tokenizer says', plain, []],
  ['with BOS in each chunk', withBos, ['--override-kv', 'tokenizer.ggml.add_bos_token=bool:true']],
];
const values = new Map<string, number>();
for (const [name, tokenizer, more] of cases)
  t.test(`SmolLM2, ${chunks} chunks of ${window} ${name}: llama-perplexity's figure`, async (t) => {
    const task = tasks.find((each) => each.name === 'wikitext2_llama');
    if (!task) throw new Error('There is no task wikitext2_llama.');
    const options = { tokenizer, scorer: subject.scorer, data: openDataFolder(data), maxWindows: chunks };
    const score = await scoreTask(task, options);
    const [ours] = score.values;
    const reference = theirs(more);
    t.comment(`${ours?.value} and ${reference}, +- ${ours?.stderr}`);
    t.match(ours, { protocol: 'ppl/llama.cpp-512', n: chunks });
    t.match(score.counts, { windows: chunks, tokens: chunks * window });
    t.ok(Math.abs((ours?.value ?? NaN) / reference - 1) < tolerance, `${ours?.value} and ${reference}`);
    values.set(name, reference);
  });

t.test('the two differ, so that each holds its own rule', async (t) => {
  const [without, bos] = [...values.values()];
  t.ok(Math.abs((without ?? NaN) / (bos ?? NaN) - 1) > 10 * tolerance, `${without} and ${bos}`);
});
