import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  chunkRequests,
  createToyScorer,
  endEncodeThread,
  openTokenizer,
  PythonRandom,
  scoreRequests,
  type LogLikelihood,
  type Request,
  type Tokenizer,
} from '@lowbit/core';
import t from 'tap';
import type { Test } from 'tap';
import { byteTokenizer, byteTokenizerConfig } from '../fixtures/byte-tokenizer.js';

const scorer = createToyScorer(258, 64);

function makeFolder(t: Test): string {
  return t.testdir({
    'tokenizer.json': JSON.stringify(byteTokenizer()),
    'tokenizer_config.json': JSON.stringify(byteTokenizerConfig),
  });
}

/** Two choices for each of some contexts, one of which is longer than the toy's 64 tokens. */
function makePairs(count: number): LogLikelihood[] {
  const random = new PythonRandom(7);
  return Array.from({ length: count }, (_, document) => {
    const letters = Array.from({ length: random.randint(1, 30) }, () => 'ab cé'.charAt(random.randint(0, 4)));
    const context = document === count - 2 ? 'ab'.repeat(50) : `x${letters.join('')}`;
    return [' yes', ' no'].map((continuation) => ({ kind: 'logLikelihood' as const, context, continuation }));
  }).flat();
}

/** The same, and how many texts it encoded itself. */
function count(tokenizer: Tokenizer): { counted: Tokenizer; texts: () => number } {
  let texts = 0;
  const counted: Tokenizer = {
    ...tokenizer,
    encode: (text, options) => {
      texts++;
      return tokenizer.encode(text, options);
    },
  };
  return { counted, texts: () => texts };
}

t.test('a thread gives what encoding in place gives', async (t) => {
  const tokenizer = await openTokenizer(makeFolder(t));
  const pairs = makePairs(40);
  const requests: Request[] = [
    ...pairs.slice(0, 3),
    { kind: 'rolling', text: 'abc' },
    ...pairs.slice(3),
    { kind: 'windows', text: 'abcdef', window: 3 },
  ];
  const inPlace = count({ ...tokenizer, directory: undefined });
  const threaded = count(tokenizer);
  const plain = await scoreRequests(requests, { tokenizer: inPlace.counted, scorer });
  const cut = await scoreRequests(requests, { tokenizer: inPlace.counted, scorer, chunkCharacters: 100 });
  const steps: [number, number][] = [];
  const ahead = await scoreRequests(requests, {
    ...{ tokenizer: threaded.counted, scorer, chunkCharacters: 100 },
    progress: (done, total) => steps.push([done, total]),
  });
  await endEncodeThread(threaded.counted);
  t.ok(chunkRequests(pairs, 100).length >= 3);
  t.ok(threaded.texts() < inPlace.texts() / 4, `${threaded.texts()} texts beside the thread's`);
  t.strictSame(ahead.results, cut.results);
  t.strictSame(ahead.counts, cut.counts);
  // The toy's losses depend on nothing but the path, so that other packs give the same.
  t.strictSame(ahead.results, plain.results);
  const { tokens, unsharedTokens, windows, tokenSha256, truncated } = plain.counts;
  t.match(ahead.counts, { tokens, unsharedTokens, windows, tokenSha256, truncated });
  t.equal(truncated, 2);
  t.ok(steps.every(([done, total], at) => done <= total && done >= (steps[at - 1]?.[0] ?? 0)));
  t.strictSame(steps.at(-1), [ahead.counts.computedTokens, ahead.counts.computedTokens]);
  t.ok(ahead.seconds.tokenize > 0 && ahead.seconds.wait > 0);
  t.ok(plain.seconds.wait >= plain.seconds.tokenize, 'scoring waits for all that is encoded in place');
});

t.test('little text starts no thread', async (t) => {
  const folder = makeFolder(t);
  const { counted, texts } = count(await openTokenizer(folder));
  // A thread could not open it.
  await rm(join(folder, 'tokenizer.json'));
  const pairs = makePairs(20);
  await scoreRequests(pairs, { tokenizer: counted, scorer });
  t.equal(texts(), 60, 'each context once, each pair once');
});

t.test('chunks are cut by characters, between contexts, each twice the one before', (t) => {
  const pair = (context: string): LogLikelihood => ({ kind: 'logLikelihood', context, continuation: '1' });
  const requests = ['abc', 'abc', 'abc', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map(pair);
  const texts = chunkRequests(requests, 4).map((chunk) => chunk.map(({ context }) => context).join(' '));
  t.strictSame(texts, ['abc abc abc', 'b c d e', 'f g h i']);
  t.strictSame(chunkRequests([], 4), []);
  const rests = [6, 7, 8].map((count) => chunkRequests(requests.slice(0, count), 4).map(({ length }) => length));
  t.strictSame(
    rests,
    [
      [3, 3],
      [3, 4],
      [3, 5],
    ],
    'a rest joins the chunk before',
  );
  const long = Array.from({ length: 400 }, (_, at) => pair('x'.repeat(2 ** 16) + at));
  const sizes = chunkRequests(long).map(({ length }) => length);
  t.strictSame(sizes, [8, 16, 32, 64, 64, 64, 64, 64, 24], 'half a million characters first, four millions at most');
  t.end();
});

t.test('an error of the thread is the one that encoding in place gives', async (t) => {
  const folder = makeFolder(t);
  const tokenizer = await openTokenizer(folder);
  const requests: LogLikelihood[] = [
    ...makePairs(30),
    { kind: 'logLikelihood', context: 'a', continuation: 'b'.repeat(80) },
  ];
  const options = { scorer, chunkCharacters: 100 };
  const failure = await scoreRequests(requests, { ...options, tokenizer: { ...tokenizer, directory: undefined } }).then(
    () => t.fail('should be refused'),
    (error: Error) => error,
  );
  await t.rejects(scoreRequests(requests, { ...options, tokenizer }), {
    name: 'LowbitError',
    code: 'TASK_DATA',
    message: (failure as Error).message,
  });
  const again = await scoreRequests(makePairs(30), { ...options, tokenizer });
  t.equal(again.results.length, 60, 'the thread goes on');
  await endEncodeThread(tokenizer);
  await rm(join(folder, 'tokenizer.json'));
  await t.rejects(scoreRequests(makePairs(30), { ...options, tokenizer }), { code: 'TOKENIZER_MISSING' });
  await endEncodeThread(tokenizer);
  await endEncodeThread(tokenizer);
});

t.test('a thread that is ended while it is waited for is an error, not silence', async (t) => {
  const tokenizer = await openTokenizer(makeFolder(t));
  const scoring = scoreRequests(makePairs(30), {
    ...{ tokenizer, chunkCharacters: 100 },
    scorer: {
      ...scorer,
      scorePacks: async (packs) => {
        await endEncodeThread(tokenizer);
        return scorer.scorePacks(packs);
      },
    },
  });
  await t.rejects(scoring, { code: 'WORKER_LOST' });
});

t.test('a process ends although its thread was not ended', async (t) => {
  const script = (fails: boolean): string => `
    import { createToyScorer, openTokenizer, scoreRequests } from '@lowbit/core';
    const tokenizer = await openTokenizer(process.argv[1]);
    const toy = createToyScorer(258, 64);
    const scorer = ${fails} ? { ...toy, scorePacks: async () => { throw new Error('no score'); } } : toy;
    const request = (at) => ({ kind: 'logLikelihood', context: 'x' + at, continuation: ' y' });
    const requests = Array.from({ length: 50 }, (_, at) => request(at));
    // The thread fails too, when nobody asks any more.
    if (${fails}) requests[5].continuation = ' y'.repeat(80);
    const scored = scoreRequests(requests, { tokenizer, scorer, chunkCharacters: 20 });
    console.log(await scored.then(({ results }) => results.length, ({ message }) => message));
  `;
  const folder = makeFolder(t);
  for (const [fails, printed] of [
    [false, '50\n'],
    [true, 'no score\n'],
  ] as const) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script(fails), folder],
      { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' }, timeout: 60_000 },
    );
    t.equal(stdout, printed);
  }
});
