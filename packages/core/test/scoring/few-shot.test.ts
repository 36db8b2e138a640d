import {
  buildRequests,
  countExamples,
  createToyScorer,
  createToyTokenizer,
  openChat,
  openExamples,
  promptTask,
  PythonRandom,
  scoreTask,
  type ChatMessage,
  type DataFolder,
  type FewShot,
  type Task,
} from '@lowbit/core';
import t from 'tap';

const noData: DataFolder = {
  readText: async () => '',
  readLines: async () => [],
  readArchive: async () => new Map(),
  has: async () => false,
};

/** Numbers as documents: "5?" is answered by "5". */
function makeTask(pool: number[], rest: Partial<FewShot<number>> = {}): Task<number> {
  return {
    ...{ name: 'numbers', version: '1', description: 'numbers', source: 'made up', files: [] },
    metrics: [{ name: 'acc', higherIsBetter: true }],
    documents: async () => pool,
    requests: (doc) =>
      ['yes', 'no'].map((word) => ({ kind: 'logLikelihood', context: `${doc}?`, continuation: ` ${word}` })),
    score: () => ({ acc: 1 }),
    targetDelimiter: ' ',
    fewShot: {
      ...{ files: ['train.txt'], sampler: 'default', leavesOut: false },
      documents: async () => pool,
      example: (doc) => ({ question: `${doc}?`, answer: `${doc}` }),
      ...rest,
    },
  };
}

const range = (stop: number): number[] => Array.from({ length: stop }, (_, i) => i);

async function draw(
  pool: number[],
  count: number,
  docs: number[],
  rest: Partial<FewShot<number>>,
): Promise<number[][]> {
  const drawer = await openExamples(makeTask(pool, rest), docs, noData, count);
  return docs.map((doc) => drawer(doc).map(({ answer }) => Number(answer)));
}

// Expected draws are those of lm-evaluation-harness 0.4.13's ContextSampler(rnd=1234), asked in this order.
t.test("the harness's default sampler", async (t) => {
  t.strictSame(await draw(range(100), 3, [0, 1, 2, 3], {}), [
    [99, 56, 14],
    [0, 11, 74],
    [4, 85, 88],
    [10, 12, 98],
  ]);
});

t.test('the document itself is left out, for which one more is drawn', async (t) => {
  t.strictSame(await draw(range(100), 3, [0, 99, 3, 15, 0], { leavesOut: true }), [
    [99, 56, 14],
    [11, 74, 4],
    [88, 10, 12],
    [45, 30, 2],
    [2, 44, 82],
  ]);
  t.strictSame(await draw(range(6), 5, range(6), { leavesOut: true }), [
    [3, 4, 5, 2, 1],
    [0, 2, 5, 4, 3],
    [4, 3, 5, 1, 0],
    [0, 1, 5, 4, 2],
    [0, 3, 5, 2, 1],
    [2, 4, 0, 1, 3],
  ]);
});

t.test('where copies of it were drawn, all are taken out of the pool and the draw is made again', async (t) => {
  const pool = [0, 1, 2, 0, 1, 2, 0, 1];
  t.strictSame(await draw(pool, 3, pool, { leavesOut: true }), [
    [1, 1, 1],
    [0, 0, 2],
    [1, 1, 0],
    [1, 1, 1],
    [2, 0, 0],
    [1, 1, 0],
    [1, 2, 2],
    [2, 0, 0],
  ]);
  const alike = draw([7, 7, 7, 1], 2, [7], { leavesOut: true });
  await t.rejects(alike, { code: 'TASK_DATA', message: /at least 2 rows .* got 1/ });
});

t.test('the first of the split', async (t) => {
  t.strictSame(await draw(range(6), 3, [0, 1], { sampler: 'first_n', leavesOut: true }), [
    [1, 2, 3],
    [0, 2, 3],
  ]);
  t.strictSame(await draw(range(6), 3, [0], { sampler: 'first_n' }), [[0, 1, 2]]);
});

t.test("Python's generator from a seed of seven words", async (t) => {
  const random = new PythonRandom(2n ** 200n + 12345678901234567890n);
  const items = range(10);
  random.shuffle(items);
  t.strictSame(items, [4, 8, 9, 2, 5, 3, 7, 0, 6, 1]);
  t.strictSame(random.sample(range(1000), 7), [985, 363, 649, 683, 317, 19, 374]);
  t.equal(random.getrandbits(53), 3529416916673910);
  t.equal(random.randrange(0, 10 ** 12), 361345693480);
  t.equal(random.random(), 0.13641321014110475);
});

t.test('parts have pools, samplers and limits of their own', async (t) => {
  const task: Task<number> = {
    ...makeTask([1, 2, 11, 12]),
    subset: (doc) => (doc < 10 ? 'small' : 'large'),
  };
  const drawer = await openExamples(task, [1, 11], noData, 1);
  const drawn = [1, 11, 2, 12].map((doc) => Number(drawer(doc)[0].answer));
  t.strictSame(
    drawn.map((each) => each < 10),
    [true, false, true, false],
  );
  t.equal(drawn[0] + 10, drawn[1], 'each begins with the seed');
  await t.rejects(openExamples(task, [1], noData, 3), { code: 'TASK_DATA', message: /at least 3 .* for small, got 2/ });
  const tokenizer = createToyTokenizer();
  const options = { tokenizer, scorer: createToyScorer(tokenizer.vocabSize, 64), data: noData };
  const { samples, values } = await scoreTask(task, { ...options, limit: 1 });
  t.equal(samples.length, 2);
  t.strictSame(Object.keys(values[0].subsets ?? {}), ['small', 'large']);
});

t.test('how many: the run, else the task; a task without examples takes none', async (t) => {
  const task = makeTask([1, 2], { count: 2 });
  t.equal(countExamples(task, 1, undefined), 2);
  t.equal(countExamples(task, 1, 0), 0);
  t.equal(countExamples(task, 1, 7), 7);
  const bare = { ...task, fewShot: undefined };
  t.equal(countExamples(bare, 1, undefined), 0);
  t.throws(() => countExamples(bare, 1, 3), { code: 'EXPERIMENT_OPTION', message: /numbers, .*got fewShot 3; set it/ });
  const perplexity: Task = { ...bare, requests: () => [{ kind: 'rolling', text: 'x' }] };
  t.equal(countExamples(perplexity, 1, 3), 0);
});

t.test('examples stand between instruction and question', async (t) => {
  const task = { ...makeTask([5, 6], { sampler: 'first_n' }), instruction: (doc: number) => `Numbers (${doc}).\n` };
  const [requests] = await promptTask(task, [9], { data: noData, fewShot: 2 });
  t.strictSame(requests, [
    { kind: 'logLikelihood', context: 'Numbers (9).\n5? 5\n\n6? 6\n\n9?', continuation: ' yes' },
    { kind: 'logLikelihood', context: 'Numbers (9).\n5? 5\n\n6? 6\n\n9?', continuation: ' no' },
  ]);
  const other = makeTask([5], { sampler: 'first_n', targetDelimiter: '->', delimiter: '|' });
  t.match((await promptTask(other, [9], { data: noData, fewShot: 1 }))[0][0], { context: '5?->5|9?' });
  const silent = makeTask([5], { sampler: 'first_n', example: () => ({ question: 'Q', answer: '' }) });
  t.match((await promptTask(silent, [9], { data: noData, fewShot: 1 }))[0][0], { context: 'Q9?' });
  const whole: Task<number> = { ...task, requests: () => [{ kind: 'rolling', text: 'x' }] };
  t.strictSame(
    buildRequests(whole, [1], () => []),
    [[{ kind: 'rolling', text: 'x' }]],
  );
});

t.test('a chat: turns of its own or one user turn, and choices without their delimiter', async (t) => {
  const task = { ...makeTask([5], { sampler: 'first_n' }), instruction: () => 'I' };
  const render = (messages: readonly ChatMessage[]): string =>
    messages.map(({ role, content }) => `<${role}>${content}`).join('');
  const chatTemplate = { sha256: '', render };
  const prompt = async (turns: 'multi-turn' | 'single-turn') => {
    const chat = openChat(turns, { chatTemplate }, 'toy');
    return (await promptTask(task, [9], { data: noData, fewShot: 1, chat }))[0][0];
  };
  t.strictSame(await prompt('multi-turn'), {
    kind: 'logLikelihood',
    context: '<system>I<user>5?<assistant>5<user>9?',
    continuation: 'yes',
  });
  t.match(await prompt('single-turn'), { context: '<system>I<user>5? 5\n\n9?', continuation: 'yes' });
  t.equal(openChat(undefined, {}, 'toy'), undefined);
  t.throws(() => openChat('multi-turn', {}, 'toy'), { code: 'CHAT_TEMPLATE', message: /tokenizer of toy, found none/ });
});
