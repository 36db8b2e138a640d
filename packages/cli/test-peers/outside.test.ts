import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { openDataFolder, openOutside, openSubject, scoreTask } from '@lowbit/core';
import type { OutsideModel, Subject, TaskScore } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { tasks } from '@lowbit/tasks';
import { llamaModel, llamaServer, outsidePackages } from '../../../scripts/peers/find-outside.mjs';
import { callLowbit } from '../test/call-lowbit.js';

// SmolLM2 as GGUF through node-llama-cpp and llama.cpp's server, beside lm-evaluation-harness and Lowbit itself.
const shared = resolve('..', 'shared');
const smollm2 = process.env['LOWBIT_SMOLLM2'] ?? join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct');
const data = openDataFolder(join(shared, 'data'));
const kernels = await loadKernels();
const documents = 20;

// Its log is kept here: a reporter that reads no standard error lets it wait.
const prepared = spawnSync(process.execPath, ['scripts/prepare-outside.mjs'], {
  stdio: ['ignore', 'ignore', 'pipe'],
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
if (prepared.status !== 0) throw new Error(`The peers could not be prepared: ${prepared.stderr.slice(-1000)}`);
process.env['LOWBIT_PACKAGES'] = outsidePackages;

interface Golden {
  docs: { doc: number; logprobs: number[]; greedy: boolean[]; acc: number; acc_norm?: number }[];
}

async function score(model: Subject | OutsideModel, name: string, options: object): Promise<TaskScore> {
  const task = tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}.`);
  const { scorer } = model;
  return scoreTask(task, { tokenizer: await model.tokenizer(), scorer, data, ...options });
}

const device = { name: 'cpu', threads: 2 };
const own = await openSubject(smollm2, { kernels, device, workFolder: t.testdir() });
t.teardown(() => own.release());
const gguf = await openOutside(llamaModel, { kernels, threads: 2 });
t.teardown(() => gguf.release());

// The GGUF file has float32 weights, keys and values: what is left is the order of sums, as between torch and Lowbit.
const goldenTolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));

for (const name of ['piqa', 'arc_easy', 'winogrande', 'lambada_openai'])
  t.test(`node-llama-cpp, ${name}: documents of lm-evaluation-harness`, async (t) => {
    const golden = JSON.parse(readFileSync(join(shared, `reference/golden/lm-eval/${name}.json`), 'utf8')) as Golden;
    const { samples, counts } = await score(gguf, name, { limit: documents });
    const mine = await score(own, name, { limit: documents });
    t.equal(counts.tokenSha256, mine.counts.tokenSha256, 'the same tokens');
    t.equal(counts.computedTokens, mine.counts.computedTokens, 'as many of them computed');
    let worst = 0;
    for (const { doc, logprobs, greedy, acc, acc_norm: accNorm } of golden.docs.filter(({ doc }) => doc < documents)) {
      const sample = samples[doc];
      const results = (sample?.results ?? []).flatMap((result) => (result.kind === 'logLikelihood' ? [result] : []));
      t.same(
        results.map(({ isGreedy }) => isGreedy),
        greedy,
      );
      t.equal(sample?.scores['acc'], acc);
      if (accNorm !== undefined) t.equal(sample?.scores['accNorm'], accNorm);
      logprobs.forEach((logprob, index) => {
        const distance = Math.abs((results[index]?.logprob ?? NaN) - logprob) / goldenTolerance(logprob);
        if (!(distance <= worst)) worst = distance;
      });
    }
    t.ok(worst <= 1, `largest distance ${worst.toFixed(3)} of the tolerance`);
  });

const perplexityOf = ({ values: [value] }: TaskScore): number => value?.value ?? NaN;
const windows = { window: 256, maxWindows: 2 };

t.test('node-llama-cpp: perplexity beside ours', async (t) => {
  const [theirs, ours] = [await score(gguf, 'wikitext2', windows), await score(own, 'wikitext2', windows)];
  const ratio = perplexityOf(theirs) / perplexityOf(ours) - 1;
  t.ok(Math.abs(ratio) < 1e-5, `${perplexityOf(theirs)} and ${perplexityOf(ours)}: ${ratio}`);
  t.equal(theirs.counts.tokenSha256, ours.counts.tokenSha256);
});

t.test('Q8_0 as Lowbit writes it: llama.cpp rounds the inputs of products to 8 bits as well', async (t) => {
  const folder = t.testdir();
  const artifact = join(folder, 'artifact');
  const recipe = 'rtn(bits=8,groupSize=32,scaleType=float16)';
  const quantized = await callLowbit(t, ['quantize', smollm2, '--recipe', recipe, '-o', artifact]);
  t.equal(quantized.status, 0, quantized.stderr);
  const exported = await callLowbit(t, ['export', artifact, '--format', 'gguf', '-o', join(folder, 'gguf')]);
  t.equal(exported.status, 0, exported.stderr);
  const q8 = await openOutside(join(folder, 'gguf', 'model.gguf'), { kernels, threads: 2 });
  const simulated = await openSubject(artifact, { kernels, device, workFolder: join(folder, 'work') });
  t.match(q8, { recipe: { name: 'GGUF Q8_0', bits: 8 }, bitsPerWeight: 8.5 });
  const [theirs, ours] = [await score(q8, 'wikitext2', windows), await score(simulated, 'wikitext2', windows)];
  const ratio = perplexityOf(theirs) / perplexityOf(ours) - 1;
  t.ok(Math.abs(ratio) < 5e-3, `${perplexityOf(theirs)} and ${perplexityOf(ours)}: ${ratio}`);
  await q8.release();
  await simulated.release();
});

t.test("llama.cpp's server: log-probabilities beside ours", async (t) => {
  const port = 18_000 + (process.pid % 2000);
  const args = ['-m', llamaModel, '--port', port, '-c', 4096, '-t', 2, '-ctk', 'f32', '-ctv', 'f32', '-fa', 'off'];
  const server = spawn(llamaServer, args.map(String), { stdio: 'ignore' });
  t.teardown(() => server.kill());
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 120; attempt++) {
    if ((await fetch(`${url}/health`).catch(() => undefined))?.ok) break;
    await new Promise((later) => setTimeout(later, 500));
  }
  const ours = await score(own, 'arc_easy', { limit: 5 });
  for (const name of [`openai:${url},tokenizer=${smollm2}`, `openai:${url}`]) {
    const served = await openOutside(name, { kernels, threads: 1 });
    t.match(served.source.facts, { answers: 'llama.cpp' });
    const theirs = await score(served, 'arc_easy', { limit: 5 });
    t.equal(theirs.counts.tokenSha256, ours.counts.tokenSha256, 'the same tokens, whoever tokenizes');
    let worst = 0;
    theirs.samples.forEach(({ results }, doc) =>
      results.forEach((result, index) => {
        const mine = ours.samples[doc]?.results[index];
        if (result.kind !== 'logLikelihood' || mine?.kind !== 'logLikelihood') return t.fail('another kind');
        worst = Math.max(worst, Math.abs(result.logprob - mine.logprob) / result.tokens);
        t.equal(result.isGreedy, mine.isGreedy);
      }),
    );
    // The server adds 49,152 exponentials in float32, one after the other, which loses small ones.
    t.ok(worst > 0 && worst < 5e-4, `${worst} a token`);
  }
});
