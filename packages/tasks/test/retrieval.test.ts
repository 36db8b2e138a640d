import { fileURLToPath } from 'node:url';
import {
  createToyScorer,
  createToyTokenizer,
  encodeRequests,
  openDataFolder,
  openTokenizer,
  scoreTask,
  type GenerateOptions,
  type TokenScorer,
} from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import t from 'tap';

const [retrieval] = tasks.filter(({ name }) => name === 'retrieval');
const data = openDataFolder('nowhere');
const tokenizer = createToyTokenizer();

/** Answers with the number in the prompt, where it stands in the last `reach` bytes. */
function createReader(contextLength: number, reach: number): TokenScorer {
  return {
    ...createToyScorer(tokenizer.vocabSize, contextLength),
    generate: async (prompts: readonly Int32Array[], { maxTokens }: GenerateOptions) =>
      prompts.map((prompt) => {
        const text = tokenizer.decode(prompt.slice(-reach));
        const key = /pass key is (\d+)/.exec(text)?.[1] ?? 'unknown';
        return { ids: tokenizer.encode(` ${key}.`, { special: false }).slice(0, maxTokens), finish: 'stop' };
      }),
  };
}

t.test('keys are found by whoever can reach them', async (t) => {
  const far = await scoreTask(retrieval, { tokenizer, scorer: createReader(1024, 1024), data });
  t.match(far.values, [{ metric: 'acc', value: 1, n: 15 }]);
  t.match(far.counts, { documents: 15, omitted: 15, truncated: 0 });
  const near = await scoreTask(retrieval, { tokenizer, scorer: createReader(1024, 300), data });
  const parts = Object.entries(near.values[0].subsets ?? {}).map(([name, { value, n }]) => [name, value, n]);
  t.strictSame(parts, [
    ['256 tokens', 1, 5],
    ['512 tokens', 0.8, 5],
    ['1024 tokens', 0.4, 5],
  ]);
  const none = await scoreTask(retrieval, { tokenizer, scorer: createReader(1024, 20), data, limit: 1 });
  t.match(none.values, [{ value: 0, n: 3 }]);
  await t.rejects(scoreTask(retrieval, { tokenizer, scorer: createReader(255, 20), data }), {
    code: 'TASK_UNFIT',
    message: /at least 256 tokens for retrieval, got a model with 255/,
  });
});

t.test('prompts are as long as they say, for any tokenizer', async (t) => {
  const embedded = await openTokenizer(fileURLToPath(new URL('../../../models/stories260k', import.meta.url)));
  const docs = await retrieval.documents(data);
  t.strictSame(await retrieval.documents(data), docs, 'made alike each time');
  const requests = docs.flatMap((doc) => retrieval.requests(doc));
  for (const own of [tokenizer, embedded]) {
    const encoded = encodeRequests(requests, { tokenizer: own, contextLength: 8192 });
    const filler = own.encode(
      ' The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.',
      {
        special: false,
      },
    ).length;
    for (const [i, { sequences, lost }] of encoded.entries()) {
      const room = (retrieval.contextTokens?.(docs[i]) ?? 0) - 16 - sequences[0].ids.length;
      t.ok(room >= 0 && room <= filler + 4 && lost === 0, `${room} tokens are left, a filler has ${filler}`);
    }
    const texts = encoded.map(({ sequences: [{ ids }] }) => own.decode(ids));
    t.ok(texts.every((text) => text.endsWith('The pass key is')));
    const places = texts.slice(-5).map((text) => text.search('Remember it') / text.length);
    for (const [i, depth] of [0, 0.25, 0.5, 0.75, 1].entries())
      t.ok(Math.abs(places[i] - depth) < 0.02, `${places[i]} of the text`);
  }
});
