import {
  createTextEncoder,
  createToyScorer,
  createToyTokenizer,
  hashTokenIds,
  PythonRandom,
  scoreRequests,
  type LogLikelihood,
  type Request,
  type TokenScorer,
} from '@lowbit/core';
import t from 'tap';

const tokenizer = createToyTokenizer();
const scorer = createToyScorer(tokenizer.vocabSize, 64);

/** ln p of the ids from `scoredFrom` on, by plain causal sequences without packs. */
async function plainLogprob(ids: Int32Array, scoredFrom: number): Promise<number> {
  const [nll] = await scorer.scoreSequences([ids]);
  return nll.subarray(scoredFrom - 1).reduce((sum, loss) => sum - loss, 0);
}

async function scoreAlone(request: LogLikelihood): Promise<{ ids: Int32Array; logprob: number; scored: number }> {
  const { context, continuation } = createTextEncoder(tokenizer).encodePair(request.context, request.continuation);
  const ids = Int32Array.of(...context, ...continuation);
  return { ids, logprob: await plainLogprob(ids, context.length), scored: continuation.length };
}

/** Texts of few letters, so that contexts and continuations begin alike by chance. */
function randomText(random: PythonRandom, least: number, most: number): string {
  const length = random.randint(least, most);
  return Array.from({ length }, () => 'ab c'.charAt(random.randint(0, 3))).join('');
}

t.test('packed choices score as each would alone', async (t) => {
  const random = new PythonRandom(4);
  const requests: LogLikelihood[] = Array.from({ length: 30 }, () => {
    const context = `x${randomText(random, 0, 12)}`;
    return [1, 2, 3, 4].map(() => ({
      kind: 'logLikelihood' as const,
      context,
      continuation: randomText(random, 1, 9),
    }));
  }).flat();
  const alone = requests.map((request) => scoreAlone(request));
  const tokens = (await Promise.all(alone)).reduce((sum, { ids }) => sum + ids.length, 0);
  for (const packTokens of [8, 64, undefined]) {
    const { results, counts } = await scoreRequests(requests, { tokenizer, scorer, packTokens });
    // The toy's losses are equal to the bit; only the float64 sums could differ, and they run in the same order.
    t.match(
      results,
      (await Promise.all(alone)).map(({ logprob, scored }) => ({ kind: 'logLikelihood', logprob, tokens: scored })),
    );
    t.equal(counts.tokens, tokens);
    t.equal(counts.unsharedTokens, tokens - requests.length);
    t.ok(counts.computedTokens < counts.unsharedTokens / 1.5, `${counts.computedTokens} of ${counts.unsharedTokens}`);
    t.equal(counts.windows, undefined);
    t.equal(counts.truncated, 0);
  }
});

t.test('greedy means that every token of the continuation is the arg-max', async (t) => {
  const context = 'abc';
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
  const toy = createToyScorer(128, 64);
  const narrow = { ...tokenizer, vocabSize: 128 };
  const score = (continuations: string[]) =>
    scoreRequests(
      continuations.map((continuation) => ({ kind: 'logLikelihood', context, continuation })),
      { tokenizer: narrow, scorer: toy },
    );
  const all = Array.from({ length: 128 }, (_, id) => String.fromCharCode(id)).filter((text) => text !== '');
  const { results } = await score(all);
  const logprobs = results.map((result) => (result.kind === 'logLikelihood' ? result.logprob : NaN));
  const best = logprobs.indexOf(Math.max(...logprobs));
  t.strictSame(
    results.map((result) => result.kind === 'logLikelihood' && result.isGreedy),
    logprobs.map((_, id) => id === best),
  );
  const longer = await score(letters.map((letter) => all[best] + letter));
  t.ok(longer.results.filter((result) => result.kind === 'logLikelihood' && result.isGreedy).length <= 1);
});

t.test('windows give the mean loss of all but their first token', async (t) => {
  const text = 'abcdefghijklmnopqrst';
  const { results, counts } = await scoreRequests([{ kind: 'windows', text, window: 8 }], { tokenizer, scorer });
  const ids = tokenizer.encode(text, { special: true });
  const expected = [await plainLogprob(ids.slice(0, 8), 1), await plainLogprob(ids.slice(8, 16), 1)];
  const meanLosses = expected.map((sum) => -sum / 7);
  t.strictSame(results, [{ kind: 'windows', meanLosses, scoredTokens: [7, 7], tokensPerWindow: 8 }]);
  t.strictSame(counts, {
    tokens: 16,
    unsharedTokens: 14,
    necessaryTokens: 14,
    computedTokens: 14,
    windows: 2,
    tokenSha256: hashTokenIds([ids.slice(0, 16)]),
    truncated: 0,
  });
  const fewer = await scoreRequests([{ kind: 'windows', text, window: 8 }], {
    tokenizer,
    scorer,
    window: 5,
    maxWindows: 3,
  });
  t.equal(fewer.counts.windows, 3);
  t.equal(fewer.counts.tokens, 15);
});

t.test('a rolling text sums its windows; special tokens only where asked', async (t) => {
  const withBos = createToyTokenizer({ addsBos: true });
  const text = 'abcdefgh';
  const options = { tokenizer: withBos, scorer, window: 4 };
  const plain = await scoreRequests([{ kind: 'rolling', text, special: false }], options);
  const [first, second] = [
    await plainLogprob(Int32Array.of(256, 97, 98, 99, 100), 1),
    await plainLogprob(Int32Array.of(100, 101, 102, 103, 104), 1),
  ];
  t.strictSame(plain.results, [{ kind: 'rolling', logprob: first + second, tokens: 8 }]);
  t.equal(plain.counts.windows, 2);
  const twice = await scoreRequests([{ kind: 'rolling', text }], options);
  t.match(
    twice.results,
    [{ kind: 'rolling', tokens: 9 }],
    "the tokenizer's own BOS is a token of the text, as in the harness",
  );
  const whole = await scoreRequests([{ kind: 'rolling', text: 'a'.repeat(100), special: false }], {
    ...options,
    window: undefined,
  });
  t.equal(whole.counts.windows, 2, 'without a window the model is fed its whole context of 64');
});

t.test('kinds can be mixed: results keep the order, progress reaches the end', async (t) => {
  const steps: [number, number][] = [];
  const requests: Request[] = [
    { kind: 'rolling', text: 'abc' },
    { kind: 'logLikelihood', context: 'a', continuation: ' b' },
    { kind: 'windows', text: 'abcdef', window: 3 },
    { kind: 'logLikelihood', context: 'a', continuation: ' c' },
    { kind: 'rolling', text: '' },
  ];
  const { results, counts } = await scoreRequests(requests, {
    tokenizer,
    scorer,
    progress: (done, total) => steps.push([done, total]),
  });
  t.strictSame(
    results.map(({ kind }) => kind),
    requests.map(({ kind }) => kind),
  );
  t.match(results[4], { logprob: 0, tokens: 0 });
  t.equal(counts.windows, 3);
  const [done, total] = steps[steps.length - 1];
  t.equal(total, counts.computedTokens);
  t.equal(done, total);
});

t.test('a context that is cut is counted', async (t) => {
  const context = 'ab'.repeat(60);
  const { results, counts } = await scoreRequests(
    [
      { kind: 'logLikelihood', context, continuation: ' c' },
      { kind: 'logLikelihood', context: 'short', continuation: ' c' },
    ],
    { tokenizer, scorer },
  );
  t.equal(counts.truncated, 1);
  t.equal(counts.tokens, 65 + 7);
  t.match(results[0], {
    logprob: await plainLogprob(tokenizer.encode(`${context} c`, { special: false }).slice(-65), 63),
  });
});

t.test('windows that the model cannot hold, and texts that are too short, are refused', async (t) => {
  const windows: Request[] = [{ kind: 'windows', text: 'abc', window: 2048 }];
  await t.rejects(scoreRequests(windows, { tokenizer, scorer }), {
    code: 'EXPERIMENT_OPTION',
    message: /64 tokens, but it is 2048/,
  });
  await t.rejects(scoreRequests(windows, { tokenizer, scorer, window: 1 }), { code: 'EXPERIMENT_OPTION' });
  await t.rejects(scoreRequests(windows, { tokenizer, scorer, window: 2.5 }), { code: 'EXPERIMENT_OPTION' });
  await t.rejects(scoreRequests(windows, { tokenizer, scorer, window: 4 }), { code: 'TASK_SHORT' });
});

t.test('a score that is not finite is an error, not an answer', async (t) => {
  const broken: TokenScorer = {
    ...scorer,
    scorePacks: async (packs) =>
      packs.map(({ sources }) => ({
        nll: new Float32Array(sources.length).fill(NaN),
        greedy: new Uint8Array(sources.length),
      })),
    scoreSequences: async (all) => all.map(({ length }) => new Float32Array(length - 1).fill(Infinity)),
  };
  const options = { tokenizer, scorer: broken };
  await t.rejects(scoreRequests([{ kind: 'logLikelihood', context: 'a', continuation: 'b' }], options), {
    code: 'METHOD_FAILED',
  });
  await t.rejects(scoreRequests([{ kind: 'rolling', text: 'ab' }], options), {
    code: 'METHOD_FAILED',
    message: /-Infinity/,
  });
});
