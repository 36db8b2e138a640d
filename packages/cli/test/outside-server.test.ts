import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { openDataFolder, openOutside, openSubject, scoreTask } from '@lowbit/core';
import type { Pack } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { tasks } from '@lowbit/tasks';
import { callLowbit } from './call-lowbit.js';
import { startFakeServer } from './fake-server.js';
import type { FakeServer, Running } from './fake-server.js';
import { model, runLowbit } from './run-lowbit.js';

t.setTimeout(120_000);

const kernels = await loadKernels();
const subject = await openSubject(model, { kernels, device: { name: 'cpu', threads: 1 }, workFolder: t.testdir() });
t.teardown(() => subject.release());
const folder = openDataFolder(model);
const findTask = (name: string) => tasks.find((task) => task.name === name) ?? t.bailout(`no task ${name}`);

async function start(t: Test, fake: FakeServer): Promise<Running> {
  const running = await startFakeServer(fake, subject);
  t.teardown(() => running.close());
  return running;
}

/** A name with quick failures; what a test adds comes last. */
const nameOf = ({ url }: Running, more = ''): string => `openai:${url},tokenizer=${model},retries=0${more}`;

async function score(path: string, task: string, limit = 3) {
  const outside = await openOutside(path, { kernels, threads: 1 });
  const tokenizer = await outside.tokenizer();
  const found = await scoreTask(findTask(task) as never, { tokenizer, scorer: outside.scorer, data: folder, limit });
  return { outside, found };
}

/** As Lowbit itself computes it, in float32 on both sides. */
const tolerance = 1e-5;
const own = async (task: string, limit = 3) =>
  scoreTask(findTask(task) as never, {
    ...{ tokenizer: await subject.tokenizer(), scorer: subject.scorer, data: folder, limit },
  });

/** Of one token after a path: whether it is the likeliest. */
const packOf = (ids: Int32Array, targets: number[]): Pack => ({
  ids,
  positions: ids.map((_, at) => at),
  ends: ids.map(() => ids.length),
  rows: Int32Array.of(0, ids.length),
  sources: Int32Array.from(targets, () => ids.length - 1),
  targets: Int32Array.from(targets),
});

t.test('every form of answer gives what the model behind it computes', async (t) => {
  const choices = await own('story_continuation');
  const ids = (await subject.tokenizer()).encode('Once upon a time', { special: true });
  const all = packOf(
    ids,
    Array.from({ length: subject.decoder.vocabSize }, (_, id) => id),
  );
  const losses = (await subject.scorer.scorePacks([all]))[0]?.nll ?? new Float32Array();
  const best = losses.indexOf(Math.min(...losses));
  for (const form of ['echo', 'prompt_logprobs', 'llama.cpp'] as const) {
    const running = await start(t, { form });
    const context = form === 'prompt_logprobs' ? ',context=256' : '';
    const { outside, found } = await score(nameOf(running, context), 'story_continuation');
    t.match(outside.source, { engine: 'openai server', identity: 'reported', facts: { answers: form } });
    found.samples.forEach(({ results }, doc) =>
      results.forEach((result, choice) => {
        const expected = choices.samples[doc]?.results[choice];
        if (result.kind !== 'logLikelihood' || expected?.kind !== 'logLikelihood') return t.fail('another kind');
        t.ok(Math.abs(result.logprob - expected.logprob) < tolerance * result.tokens, `${form}: ${result.logprob}`);
        t.equal(result.isGreedy, expected.isGreedy);
      }),
    );
    const greedy = await outside.scorer.scorePacks([packOf(ids, [best]), packOf(ids, [best + 1])]);
    t.same(
      greedy.map((scores) => [...scores.greedy]),
      [[1], [0]],
      'the likeliest token is known as such',
    );
    t.equal(found.counts.tokenSha256, choices.counts.tokenSha256);
    t.equal(found.counts.computedTokens, found.counts.unsharedTokens, 'nothing is said to be shared');
  }
});

t.test('text-generation-inference scores texts, and says why it cannot score choices', async (t) => {
  const running = await start(t, { form: 'tgi', context: 600 });
  const { found } = await score(nameOf(running), 'tinystories', 2);
  const expected = await own('tinystories', 2);
  const [[value], [wanted]] = [found.values, expected.values];
  t.ok(Math.abs((value?.value ?? NaN) / (wanted?.value ?? NaN) - 1) < tolerance, `${value?.value} ${wanted?.value}`);
  await t.rejects(score(nameOf(running), 'story_continuation'), {
    code: 'SERVER_ANSWER',
    message: /likeliest token/,
  });
});

t.test('what a server does wrong is an error, never a score', async (t) => {
  const cases: [FakeServer, { code: string; message: RegExp }][] = [
    [
      { form: 'none', context: 64 },
      { code: 'MODEL_SOURCE', message: /context=N/ },
    ],
    [
      { form: 'echo', fault: 'no JSON' },
      { code: 'SERVER_ANSWER', message: /none/ },
    ],
    [
      { form: 'echo', fault: 'null' },
      { code: 'SERVER_ANSWER', message: /log-probability of at most 0/ },
    ],
    [
      { form: 'echo', fault: 'positive' },
      { code: 'SERVER_ANSWER', message: /got 3/ },
    ],
    [
      { form: 'echo', fault: 'one place late' },
      { code: 'SERVER_ANSWER', message: /whatever token follows/ },
    ],
    [
      { form: 'echo', fault: 'other words' },
      { code: 'SERVER_ANSWER', message: /zebra/ },
    ],
    [
      { form: 'echo', fault: 'one token less' },
      { code: 'SERVER_ANSWER', message: /log-probabilities of \d+ tokens/ },
    ],
    [
      { form: 'echo', fault: 'no likeliest' },
      { code: 'SERVER_ANSWER', message: /likeliest token beside/ },
    ],
    [
      { form: 'echo', names: ['a', 'b'] },
      { code: 'MODEL_SOURCE', message: /a, b/ },
    ],
  ];
  for (const [fake, expected] of cases) {
    const running = await start(t, fake);
    await t.rejects(score(nameOf(running), 'story_continuation'), expected, fake.fault ?? fake.form);
  }
  const silent = await start(t, { form: 'none', context: 64 });
  await t.rejects(score(nameOf(silent, ',context=64'), 'story_continuation'), {
    code: 'SERVER_ANSWER',
    message: /prompt_logprobs: .*echo: .*llama\.cpp: /,
  });
});

t.test('time-outs and busy servers are tried again, with a limit', async (t) => {
  const busy = await start(t, { form: 'echo', fault: 'busy twice' });
  const { found } = await score(nameOf(busy, ',retries=2'), 'story_continuation', 1);
  t.equal(found.samples.length, 1);
  const always = await start(t, { form: 'echo', fault: 'always busy' });
  await t.rejects(score(nameOf(always, ',retries=1'), 'story_continuation'), { message: /status 503.*2 attempts/ });
  const slow = await start(t, { form: 'echo', fault: 'slow' });
  await t.rejects(score(nameOf(slow, ',timeout=1'), 'story_continuation'), {
    code: 'SERVER_FAILED',
    message: /none within 1 s in 1 attempt/,
  });
  await t.rejects(score(`openai:http://127.0.0.1:9,tokenizer=${model},retries=0`, 'story_continuation'), {
    code: 'SERVER_FAILED',
  });
});

t.test('requests go out side by side, no more than asked for', async (t) => {
  const running = await start(t, { form: 'echo' });
  await score(nameOf(running, ',concurrency=3'), 'story_continuation', 6);
  t.ok(running.counts.most > 1 && running.counts.most <= 3, `${running.counts.most} at a time`);
});

t.test('names that say too little or too much', async (t) => {
  const cases: [string, RegExp][] = [
    ['openai:localhost:8000', /http or https/],
    ['openai:http://user:word@localhost', /without user/],
    ['openai:http://localhost#m,tokeniser=a', /did you mean tokenizer=/],
    ['openai:http://localhost#m,context=few', /whole number/],
    ['openai:http://localhost#m,timeout=301', /from 1 to 300/],
  ];
  for (const [name, message] of cases)
    await t.rejects(openOutside(name, { kernels, threads: 1 }), { code: 'MODEL_SOURCE', message }, name);
});

t.test(
  'eval: rows beside those of the checkpoint, by its own tokenizer too; resumed; recipes are refused',
  async (t) => {
    const results = t.testdir();
    const running = await start(t, { form: 'llama.cpp' });
    const common = ['--tasks', 'story_continuation', '--limit', '4', '--data', model, '--json'];
    const other = await callLowbit(t, ['eval', model, ...common]);
    const rowsOf = (text: string) => (JSON.parse(text) as { rows: Record<string, unknown>[] }).rows;
    const expected = rowsOf(other.stdout).map(({ value }) => value);
    const run = ['-o', join(results, 'run')];
    for (const name of [nameOf(running), `openai:${running.url}#stories`]) {
      // A process of its own: it waits for the server's tokenizer in place, and the server is in this one.
      const { status, stdout, stderr } = await runLowbit(['eval', name, ...common, ...run]);
      t.equal(status, 0, stderr);
      t.same(
        rowsOf(stdout).map(({ value }) => value),
        expected,
      );
      t.match(rowsOf(stdout)[0], {
        model: 'stories',
        recipe: 'as served',
        source: 'openai server',
        bitsPerWeight: null,
      });
      t.equal(rowsOf(stdout)[0]?.['precision'], undefined);
      const { scored } = running.counts;
      const again = await runLowbit(['eval', name, ...common, ...run]);
      t.equal(again.stdout, stdout);
      t.equal(running.counts.scored, scored, 'a finished cell is not asked for again');
    }
    const inspected = await callLowbit(t, ['inspect', nameOf(running)]);
    t.match(inspected, { status: 0, stdout: /kind +server\n.*context +256\n.*reported +[0-9a-f]{64}/s });
    const refused = await callLowbit(t, ['eval', nameOf(running), ...common, '--recipe', 'rtn(bits=4)']);
    t.match(refused, { status: 2, stderr: /EXPERIMENT_OPTION.*no recipe but float/s });
    const quantized = await callLowbit(t, [
      'quantize',
      nameOf(running),
      '--recipe',
      'rtn(bits=4)',
      '-o',
      join(results, 'q'),
    ]);
    t.match(quantized, { status: 2, stderr: /no recipe but float/ });
  },
);

t.test('run: a row beside those of a checkpoint, compared by documents', async (t) => {
  const results = t.testdir();
  const running = await start(t, { form: 'prompt_logprobs' });
  const file = join(results, 'experiment.json');
  const served = { path: nameOf(running, ',context=256'), name: 'as served', beside: 'stories260k' };
  const experiment = {
    name: 'beside',
    models: [served, model],
    recipes: ['float', 'rtn(bits=3)'],
    tasks: ['story_continuation'],
    limit: 4,
    data: model,
  };
  const write = (changes: object) => writeFile(file, JSON.stringify({ ...experiment, ...changes }));
  await write({});
  const { status, stderr, stdout } = await callLowbit(t, ['run', file, '-o', join(results, 'run'), '--json']);
  t.equal(status, 0, stderr);
  const { comparisons } = JSON.parse(stdout) as { comparisons: { pairs: Record<string, unknown>[] } };
  const pair = comparisons.pairs.find(
    ({ recipe, against, metric }) => recipe === 'as served' && against === 'float' && metric === 'acc',
  );
  t.match(pair, { model: 'stories260k', isBaseline: true, result: { difference: 0, discordant: [0, 0] } });
  const manifest = JSON.parse(await readFile(join(results, 'run', 'manifest.json'), 'utf8')) as Record<string, unknown>;
  t.match(manifest, { models: { length: 1 }, notes: [/server at http.*the server's word/] });
  const refuse = async (changes: object, message: RegExp): Promise<void> => {
    await write(changes);
    const refused = await callLowbit(t, ['run', file, '-o', join(results, 'other')]);
    t.match(refused, { status: 2, stderr: message });
  };
  await refuse({ models: [served] }, /no recipe but float/);
  await refuse({ models: [{ ...served, beside: 'nobody' }, model] }, /beside another model.*'nobody'/);
  await refuse({ models: [{ ...served, name: 'float' }, model] }, /'float' came twice/);
  await refuse({ models: [model, { path: model, name: 'b', beside: 'stories260k' }] }, /got the checkpoint/);
});
