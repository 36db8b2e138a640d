import {
  createToyScorer,
  createToyTokenizer,
  encodeRequests,
  formatSamples,
  scoreRequests,
  type Generate,
  type GenerateOptions,
  type TokenScorer,
} from '@lowbit/core';
import t from 'tap';

const tokenizer = createToyTokenizer();
const bytes = (text: string): number[] => [...Buffer.from(text)];
const eos = 257;

/** Says the same whatever it is asked, and keeps what it was asked. */
function createSpeaker(ids: number[], contextLength = 64) {
  const asked: { prompt: number[]; maxTokens: number }[] = [];
  const scorer: TokenScorer = {
    ...createToyScorer(258, contextLength),
    generate: async (prompts: readonly Int32Array[], { maxTokens, isLast, progress }: GenerateOptions) =>
      prompts.map((prompt, index) => {
        asked.push({ prompt: [...prompt], maxTokens });
        const said: number[] = [];
        progress?.(prompt.length + Math.min(maxTokens, ids.length) - 1);
        for (const id of ids.slice(0, maxTokens)) {
          said.push(id);
          if (isLast(index, said)) return { ids: Int32Array.from(said), finish: 'stop' };
        }
        return { ids: Int32Array.from(said), finish: 'length' };
      }),
  };
  return { scorer, asked };
}

const ask = (rest: Partial<Generate> = {}): Generate => ({
  ...{ kind: 'generate', prompt: 'ab', until: [], maxTokens: 8 },
  ...rest,
});

async function say(ids: number[], rest: Partial<Generate> = {}) {
  const { scorer } = createSpeaker(ids);
  const { results } = await scoreRequests([ask(rest)], { tokenizer, scorer });
  return results[0];
}

t.test('where a continuation ends', async (t) => {
  const result = (text: string, tokens: number, finish: 'stop' | 'length') => ({
    kind: 'generate',
    text,
    tokens,
    finish,
  });
  t.strictSame(await say(bytes('0123456789')), result('01234567', 8, 'length'));
  t.strictSame(await say([...bytes('012'), eos, ...bytes('34')]), result('012', 4, 'stop'), 'EOS is not shown');
  t.strictSame(await say(bytes('01..23'), { until: ['..', '3'] }), result('01', 4, 'stop'), 'before the stop string');
  t.strictSame(await say(bytes('01;.23'), { until: ['.', ';'] }), result('01', 3, 'stop'), 'the first that comes');
  t.strictSame(await say(bytes('é;'), { until: [';'], maxTokens: 3 }), result('Ã©', 3, 'stop'));
  t.strictSame(await say([48, 256, 49], { until: ['<s>'] }), result('0', 2, 'stop'), 'a special token may be one');
  t.strictSame(await say(bytes('0123456789'), { until: ['zz'], maxTokens: 1 }), result('0', 1, 'length'));
});

t.test('tokenizers with other ends, or none', async (t) => {
  const ends = { ...tokenizer, endIds: [50] };
  const { scorer } = createSpeaker(bytes('01234'));
  const [first] = (await scoreRequests([ask()], { tokenizer: ends, scorer })).results;
  t.match(first, { text: '012', finish: 'stop' });
  const without = { ...tokenizer, eosId: undefined };
  const speaker = createSpeaker([48, eos, 49]);
  const [second] = (await scoreRequests([ask({ maxTokens: 3 })], { tokenizer: without, scorer: speaker.scorer }))
    .results;
  t.match(second, { tokens: 3, finish: 'length' }, 'nothing but stop strings and the length ends it');
});

t.test('prompts are cut from the left, and counted', async (t) => {
  const { scorer, asked } = createSpeaker(bytes('0'.repeat(64)), 12);
  const requests = [
    ask({ prompt: 'abcdefgh', maxTokens: 8 }),
    ask({ prompt: 'abcd', maxTokens: 8 }),
    ask({ prompt: '' }),
  ];
  const { results, counts } = await scoreRequests(requests, { tokenizer, scorer });
  t.strictSame(
    asked.map(({ prompt }) => prompt),
    [bytes('efgh'), bytes('abcd'), [256]],
    'an empty prompt begins with BOS',
  );
  t.match(counts, {
    truncated: 1,
    tokens: 9,
    computedTokens: 9 + 3 * 7,
    unsharedTokens: 9 + 3 * 7,
    windows: undefined,
  });
  t.equal(results.length, 3);
  const other = await scoreRequests([ask({ prompt: 'abcx' })], { tokenizer, scorer });
  t.not(other.counts.tokenSha256, counts.tokenSha256);
});

t.test('different lengths, and other kinds beside', async (t) => {
  const { scorer, asked } = createSpeaker(bytes('0123456789'));
  const requests = [
    ask({ maxTokens: 2 }),
    { kind: 'logLikelihood', context: 'a', continuation: 'b' } as const,
    ask({ maxTokens: 5, prompt: 'c' }),
    ask({ maxTokens: 2, prompt: 'd' }),
  ];
  const progress: number[] = [];
  const { results } = await scoreRequests(requests, {
    tokenizer,
    scorer,
    progress: (done, total) => progress.push(done / total),
  });
  t.strictSame(
    results.map((result) => (result.kind === 'generate' ? result.text : result.kind)),
    ['01', 'logLikelihood', '01234', '01'],
  );
  t.strictSame(
    asked.map(({ maxTokens }) => maxTokens),
    [2, 2, 5],
    'those of one length go together',
  );
  t.equal(progress.at(-1), 1);
  t.match(formatSamples([{ docId: 0, results: results.slice(0, 1), scores: { acc: 1 } }]), '"resps":[["01"]]');
});

t.test('what is refused', async (t) => {
  const refuse = (rest: Partial<Generate>) => () => encodeRequests([ask(rest)], { tokenizer, contextLength: 16 });
  for (const maxTokens of [0, -1, 1.5, Number.NaN])
    t.throws(refuse({ maxTokens }), { code: 'TASK_DATA', message: /integer from 1/ });
  t.throws(refuse({ maxTokens: 16 }), { code: 'TASK_DATA', message: /context longer than the 16 tokens/ });
  t.throws(refuse({ until: ['a', ''] }), { code: 'TASK_DATA', message: /at least one character/ });
  const { generate: _, ...mute } = createToyScorer(258, 64);
  await t.rejects(scoreRequests([ask()], { tokenizer, scorer: mute }), { code: 'TASK_UNFIT' });
});

t.test('a prompt is filled to its length', async (t) => {
  const fill = { place: '@', text: 'xyz', depth: 0.25, tokens: 40 };
  const [encoded] = encodeRequests([ask({ prompt: 'a@b@c', fill, maxTokens: 5 })], { tokenizer, contextLength: 64 });
  const text = tokenizer.decode(encoded?.sequences[0]?.ids ?? []);
  // 35 tokens are left: three of the prompt's own, and ten copies.
  t.equal(text, `a${'xyz'.repeat(3)}b${'xyz'.repeat(7)}c`);
  const encode = (rest: Partial<Generate>) => () => encodeRequests([ask(rest)], { tokenizer, contextLength: 64 });
  t.throws(encode({ prompt: 'a@b', fill }), { code: 'TASK_DATA', message: /twice, got it 1 times/ });
  t.throws(encode({ prompt: 'a@b@c', fill: { ...fill, tokens: 9 } }), {
    code: 'TASK_DATA',
    message: /at most 1 tokens/,
  });
});
