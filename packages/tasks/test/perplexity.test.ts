import { createToyScorer, createToyTokenizer, openDataFolder, scoreTask } from '@lowbit/core';
import type { TaskScore, Windows } from '@lowbit/core';
import { perplexity, tasks, textTasks } from '@lowbit/tasks';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const tokenizer = createToyTokenizer({ addsBos: true });
const scorer = createToyScorer(tokenizer.vocabSize, 64);
const data = openDataFolder(t.testdir(tinyData()));

const find = (name: string) => {
  const task = tasks.find((each) => each.name === name);
  if (!task) throw new Error(`There is no task ${name}.`);
  return task;
};
const score = (name: string, window = 16): Promise<TaskScore> =>
  scoreTask(find(name), { tokenizer, scorer, data, window });

t.test('the protocol says window and stride', async (t) => {
  const protocols = async (names: string[]) =>
    Promise.all(names.map(async (name) => (await score(name)).values[0]?.protocol));
  t.strictSame(await protocols(['wikitext2', 'wikitext2_llama', 'wikitext2_strided', 'wikitext2_documents', 'c4']), [
    'ppl/papers-16',
    'ppl/llama.cpp-16',
    'ppl/strided-16-8',
    'ppl/documents-16',
    'ppl/papers-16',
  ]);
});

t.test('a perplexity is exp of the mean over all scored tokens, whatever their window', async (t) => {
  const task = find('wikitext2_strided');
  const [request] = (await task.documents(data)) as [Extract<Windows, { cut: 'strided' }>];
  const ids = tokenizer.encode(request.text, { special: true });
  const { values, counts } = await score('wikitext2_strided');
  // Each token after all that its window has before it, one sequence a token.
  const scored = Array.from({ length: ids.length - 1 }, (_, index) => {
    const at = index + 1;
    const begin = at < 16 ? 0 : Math.floor((at - 8) / 8) * 8;
    return ids.slice(begin, at + 1);
  });
  const losses = await scorer.scoreSequences(scored);
  const mean = losses.reduce((sum, nll) => sum + (nll.at(-1) ?? NaN), 0) / losses.length;
  t.ok(Math.abs(Math.log(values[0]?.value ?? NaN) - mean) < 1e-6, `${values[0]?.value} and ${Math.exp(mean)}`);
  t.equal(values[0]?.n, counts.windows);
});

t.test('documents weigh by their tokens; those of one token are left out, and are visible', async (t) => {
  const texts = ['abcdefgh', '', 'xy'];
  const documents = perplexity({
    ...{ name: 'made', version: '1', description: 'made', source: 'made', protocol: 'ppl/documents-{window}' },
    files: [],
    documents: async () => texts.map((text) => ({ kind: 'windows', cut: 'document', text })),
  });
  const { values, counts, samples } = await scoreTask(documents, { tokenizer, scorer, data });
  t.strictSame(
    samples.map(({ scores }) => scores.tokens),
    [8, 0, 2],
  );
  const [long, , short] = samples.map(({ scores }) => scores.loss as number);
  t.ok(Math.abs(Math.log(values[0]?.value ?? NaN) - ((long as number) * 8 + (short as number) * 2) / 10) < 1e-12);
  t.match(counts, { documents: 3, windows: 2 });
  const empty = { ...documents, documents: async () => [{ kind: 'windows', cut: 'document', text: '' } as const] };
  await t.rejects(scoreTask(empty, { tokenizer, scorer, data }), { code: 'TASK_SHORT' });
});

t.test('C4 and PTB: two samplers and two joins of the official files', async (t) => {
  const requests = async (name: string) => (await find(name).documents(data)) as Windows[];
  t.match(await requests('c4'), [
    { cut: 'drawn', window: 2048, count: 256, seed: 0, documents: ['Too short.', /^A/, /^An/] },
  ]);
  t.match(await requests('c4_new'), [{ text: /^Too short\. A document .*bytes\. Another/, window: 2048, count: 256 }]);
  t.match(await requests('ptb'), [
    { text: "no it was n't black monday\n\nbut while the new york <unk> did n't fall apart friday" },
  ]);
  t.match(await requests('ptb_new'), [{ text: /^consumers may .* tv set <unk> N$/ }]);
  t.equal((await score('c4')).counts.windows, 256);
});

t.test('any text file is a task', async (t) => {
  const folder = t.testdir({ 'note.txt': `${'A line of text. '.repeat(8)}\n` });
  const run = (kind: string, path: string) => {
    const task = textTasks[kind]?.(path);
    if (!task) throw new Error(`There is no ${kind}.`);
    return scoreTask(task, { tokenizer, scorer, data: openDataFolder(folder), window: 16 });
  };
  t.match(await run('text', 'note.txt'), { values: [{ protocol: 'ppl/papers-16' }], counts: { windows: 8 } });
  t.match(await run('text_llama', `${folder}/note.txt`), { values: [{ protocol: 'ppl/llama.cpp-16' }] });
  t.match(await run('text_strided', 'note.txt'), { values: [{ protocol: 'ppl/strided-16-8' }] });
  await t.rejects(run('text', 'other.txt'), { code: 'TASK_DATA', message: /other\.txt/ });
});
