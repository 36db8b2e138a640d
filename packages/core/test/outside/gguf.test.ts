import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { createToyScorer, inspectOutside, openOutside, scoreRequests } from '@lowbit/core';
import type { Request, TokenScorer } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';

/** Logits of the toy library, of all tokens before: another cache than the one that belongs to a token shows at once. */
const vocabSize = 40;
const fake = fileURLToPath(new URL('./fake-llama.js.txt', import.meta.url));
const kernels = await loadKernels();
const folder = t.testdir({ 'toy.Q4_K_M.gguf': 'not read by the toy', 'bad.gguf': 'broken' });
const library = join(folder, 'node_modules', 'node-llama-cpp');
await mkdir(join(library, 'dist'), { recursive: true });
await copyFile(fake, join(library, 'dist', 'index.js'));
await writeFile(join(library, 'package.json'), '{"type": "module", "version": "3.0.0-toy"}');
process.env['LOWBIT_PACKAGES'] = folder;

const path = join(folder, 'toy.Q4_K_M.gguf');
const { toyLogits, calls } = (await import(join(library, 'dist', 'index.js'))) as {
  toyLogits: (path: readonly number[]) => number[];
  calls: { computed: number; contexts: number[]; largest: number };
};

/** The same model without cache or tree. */
function plain(): TokenScorer {
  const score = (ids: readonly number[], target: number): [number, boolean] => {
    const logits = toyLogits(ids);
    const most = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    return [most + Math.log(total) - (logits[target] ?? NaN), logits[target] === most];
  };
  const toy = createToyScorer(vocabSize, 64);
  return {
    ...toy,
    sharesPrefixes: false,
    scoreSequences: async (sequences, _progress, { scoredFrom = [] } = {}) =>
      sequences.map((ids, index) => {
        const from = scoredFrom[index] ?? 1;
        return Float32Array.from(ids.subarray(from), (id, at) => score([...ids.subarray(0, from + at)], id)[0]);
      }),
    scorePacks: async (packs) =>
      packs.map(({ ids, sources, targets }) => {
        const found = [...sources].map((source, at) => score([...ids.subarray(0, source + 1)], targets[at] ?? -1));
        return {
          nll: Float32Array.from(found, ([nll]) => nll),
          greedy: Uint8Array.from(found, ([, is]) => Number(is)),
        };
      }),
  };
}

t.test('a header says what the row needs', async (t) => {
  const info = await inspectOutside(path, kernels);
  t.match(info, {
    name: 'toy.Q4_K_M',
    family: 'toy',
    recipe: { name: 'GGUF Q4_K_M', bits: 4, steps: [{ method: 'gguf', version: '3.0.0-toy' }] },
    source: { engine: 'llama.cpp', identity: 'sha256' },
    vocabSize,
    contextLength: 64,
    parameters: 40 * 8 + 2 * 64 * 32 + 8,
  });
  // Two matrices of 64 x 32, of which the toy's header says that they take 1,152 bytes each.
  t.equal(info.bitsPerWeight, (1152 * 8) / (64 * 32));
  t.equal(info.digest, (await inspectOutside(path, kernels)).digest);
  await writeFile(path, 'other bytes');
  t.not((await inspectOutside(path, kernels)).digest, info.digest, 'another file is another model');
});

t.test('trees are walked with one cache: each token once, every score its own', async (t) => {
  const model = await openOutside(path, { kernels, threads: 3 });
  const tokenizer = await model.tokenizer();
  const choice = (context: string, continuation: string): Request => ({ kind: 'logLikelihood', context, continuation });
  const requests: Request[] = [
    ...['abc', 'abd', 'xyz', 'x'].flatMap((end) => [choice('the same start ', end), choice('the same other ', end)]),
    choice('', 'alone'),
    // Behind a trunk, which stays in the cache from pack to pack.
    ...Array.from({ length: 12 }, (_, index) =>
      choice('forty tokens that twelve continuations have', `${index} apart`),
    ),
    // Every token but the special ones after one context.
    ...Array.from({ length: 37 }, (_, index) => choice('which', String.fromCharCode(74 + index))),
    { kind: 'rolling', text: 'a text that is longer than the other ones, and a second window of it besides' },
    { kind: 'windows', text: 'windows of eight tokens each', window: 8 },
  ];
  const common = { tokenizer, packTokens: 24 };
  calls.computed = 0;
  const found = await scoreRequests(requests, { ...common, scorer: model.scorer });
  const expected = await scoreRequests(requests, { ...common, scorer: plain() });
  t.equal(calls.computed, found.counts.computedTokens, 'no token is computed twice');
  t.ok(found.counts.computedTokens < expected.counts.computedTokens);
  found.results.forEach((result, index) => {
    const other = expected.results[index];
    if (!('logprob' in result && other && 'logprob' in other)) return t.same(result, other);
    t.ok(Math.abs(result.logprob - other.logprob) < 1e-5, `${result.logprob}`);
    if (result.kind === 'logLikelihood' && other?.kind === 'logLikelihood') t.equal(result.isGreedy, other.isGreedy);
  });
  t.ok(
    found.results.some((result) => result.kind === 'logLikelihood' && result.isGreedy),
    'and one continuation is the likeliest',
  );
  t.equal(calls.largest, 0, 'logits are dropped as soon as they are read');
  await model.release();
});

t.test('what cannot be had is said', async (t) => {
  await t.rejects(inspectOutside(join(folder, 'absent.gguf'), kernels), { code: 'CHECKPOINT_MISSING' });
  await t.rejects(inspectOutside(join(folder, 'bad.gguf'), kernels), {
    code: 'GGUF_UNREADABLE',
    message: /magic/,
  });
  t.match(await readFile('docs/errors.md', 'utf8'), /LOWBIT_PACKAGES/);
});
