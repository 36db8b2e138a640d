import { createToyScorer, createToyTokenizer, scoreRequests, type Throughput, type TokenScorer } from '@lowbit/core';
import t from 'tap';

const tokenizer = createToyTokenizer();
const ask = (promptTokens: number, generatedTokens: number): Throughput => ({
  ...{ kind: 'throughput', promptTokens, generatedTokens },
});

/** Waits so many milliseconds for a prompt and for each token behind the first. */
function createClock(contextLength: number, prefill: number, step: number) {
  const asked: [number, number][] = [];
  const wait = (milliseconds: number): void => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  };
  const scorer: TokenScorer = {
    ...createToyScorer(258, contextLength),
    async generate(prompts, { maxTokens, isLast }) {
      asked.push([prompts[0]?.length ?? 0, maxTokens]);
      const ids: number[] = [];
      while (ids.length < maxTokens) {
        wait(ids.length === 0 ? prefill : step);
        ids.push(1);
        isLast(0, ids);
      }
      return [{ ids: Int32Array.from(ids), finish: 'length' }];
    },
  };
  return { scorer, asked };
}

t.test('a warm-up, then as many measurements as are asked for', async (t) => {
  const { scorer, asked } = createClock(1000, 30, 5);
  const { results, counts } = await scoreRequests([ask(50, 4), ask(50, 4)], { tokenizer, scorer });
  t.strictSame(asked, [
    [50, 4],
    [50, 4],
    [50, 4],
  ]);
  t.match(results, [{ kind: 'throughput', promptTokens: 50, generatedTokens: 4 }, { kind: 'throughput' }]);
  for (const result of results) {
    if (result.kind !== 'throughput') throw new Error('another kind');
    t.ok(result.prefillSeconds >= 0.03 && result.prefillSeconds < 3, `${result.prefillSeconds} s`);
    t.ok(result.decodeSeconds >= 0.015 && result.decodeSeconds < 3, `three tokens in ${result.decodeSeconds} s`);
    t.ok(result.peakMemoryBytes > 1e7 && result.peakMemoryBytes < 1e11, `${result.peakMemoryBytes} bytes`);
  }
  t.match(counts, { tokens: 0, computedTokens: 106, truncated: 0 });
});

t.test('sizes fit the context', async (t) => {
  const sizes: [context: number, prompt: number, generated: number][] = [
    [8192, 512, 128],
    [640, 512, 128],
    [512, 384, 128],
    [256, 192, 64],
    [4, 2, 2],
  ];
  for (const [context, ...expected] of sizes) {
    const { scorer, asked } = createClock(context, 0, 0);
    await scoreRequests([ask(512, 128)], { tokenizer, scorer });
    t.strictSame(asked[1], expected, `${context} tokens of context`);
  }
});

t.test('a model that cannot write, and a tokenizer without a token to begin with', async (t) => {
  const { generate: _, ...mute } = createToyScorer(258, 64);
  await t.rejects(scoreRequests([ask(4, 2)], { tokenizer, scorer: mute }), { code: 'TASK_UNFIT' });
  const bare = { ...tokenizer, bosId: undefined, eosId: undefined };
  const { results } = await scoreRequests([ask(4, 2)], { tokenizer: bare, scorer: createToyScorer(258, 64) });
  t.match(results, [{ promptTokens: 4 }], 'made-up tokens need none');
});
