import { join } from 'node:path';
import t from 'tap';
import { openCheckpoint, openSubject, ResidentModel } from '@lowbit/core';
import type { GenerateOptions, TokenScorer } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { isGreedy } from '../fixtures/is-greedy.js';
import { makeTinyCheckpoint } from '../fixtures/tiny-checkpoint.js';
import type { TinyCheckpointOptions } from '../fixtures/tiny-checkpoint.js';

const cases: TinyCheckpointOptions[] = [
  { family: 'llama' },
  { family: 'llama', config: { head_dim: 8, num_attention_heads: 8 } },
  { family: 'llama', config: { head_dim: 4, num_attention_heads: 16, num_key_value_heads: 4 } },
  { family: 'mistral', config: { sliding_window: 5 } },
  { family: 'qwen3' },
  { family: 'opt' },
  { family: 'gpt2' },
];

const ids = (seed: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => (seed * 7919 + i * i * 31 + i * 17) % 250);
const kernels = await loadKernels();
const lengths = [3, 17, 1, 9, 26, 5];
const prompts = lengths.map((length, seed) => ids(seed, length));

type Generate = NonNullable<TokenScorer['generate']>;

async function open(options: TinyCheckpointOptions, directory: string, lowering: 'auto' | 'general') {
  await makeTinyCheckpoint(directory, options);
  const device = { name: 'cpu', threads: 1 };
  return openSubject(directory, { kernels, device, workFolder: directory, maxLength: 64, lowering });
}

for (const options of cases)
  for (const lowering of ['auto', 'general'] as const)
    t.test(`${JSON.stringify(options)}, ${lowering}: decoded tokens are arg-maxima of full passes`, async (t) => {
      const subject = await open(options, join(t.testdir(), 'model'), lowering);
      const { scorer } = subject;
      const generate = scorer.generate?.bind(scorer) as Generate;
      // Rows end at different times, so that others take their places.
      const last = [4, 12, 7, 1, 12, 3];
      const asked: GenerateOptions = { maxTokens: 12, isLast: (prompt, found) => found.length === last[prompt] };
      const found = await generate(prompts, asked);
      t.strictSame(
        found.map(({ ids, finish }) => [ids.length, finish]),
        last.map((count) => [count, 'stop']),
      );
      for (const [i, each] of found.entries())
        t.ok((await isGreedy(scorer, prompts[i] as Int32Array, each)).every(Boolean), `prompt ${i}`);
      const [alone] = await generate([prompts[1] as Int32Array], { maxTokens: 12, isLast: () => false });
      t.strictSame(alone, { ids: found[1]?.ids, finish: 'length' }, 'neighbours change nothing');
      await subject.release();
    });

t.test('a prompt longer than a chunk, progress, and what does not fit', async (t) => {
  const directory = join(t.testdir(), 'model');
  await makeTinyCheckpoint(directory, { family: 'llama', config: { max_position_embeddings: 1300 } });
  const device = { name: 'cpu', threads: 1 };
  for (const lowering of ['auto', 'general'] as const) {
    const subject = await openSubject(directory, { kernels, device, workFolder: directory, lowering });
    const generate = subject.scorer.generate?.bind(subject.scorer) as Generate;
    const prompt = ids(4, 1200);
    let counted = 0;
    const progress = (tokens: number): void => void (counted += tokens);
    const [found] = await generate([prompt], { maxTokens: 3, isLast: () => false, progress });
    t.ok((await isGreedy(subject.scorer, prompt, found as { ids: Int32Array })).every(Boolean), lowering);
    t.equal(counted, 1202, 'the last token is not fed');
    // Arrays grow while rows are in them.
    const rows = [ids(5, 120), ids(6, 127), prompt];
    for (const [i, each] of (await generate(rows, { maxTokens: 12, isLast: () => false })).entries())
      t.ok((await isGreedy(subject.scorer, rows[i] as Int32Array, each)).every(Boolean), `row ${i}`);
    t.strictSame(await generate([], { maxTokens: 3, isLast: () => false }), []);
    await t.rejects(generate([prompt], { maxTokens: 101, isLast: () => false }), { code: 'TOKEN_IDS' });
    await subject.release();
  }
});

t.test('hidden states that overflow are an error', async (t) => {
  const directory = join(t.testdir(), 'model');
  await makeTinyCheckpoint(directory);
  const { decoder, tensors } = await openCheckpoint(directory, kernels);
  const broken = { ...decoder, embedding: { ...decoder.embedding, scale: Number.POSITIVE_INFINITY } };
  const model = new ResidentModel(broken, tensors, { device: { name: 'cpu', threads: 1 }, maxLength: 64 });
  await t.rejects(model.generate(prompts, { maxTokens: 2, isLast: () => false }), { code: 'METHOD_FAILED' });
  await model.release();
});
