import { createToyScorer, createToyTokenizer, openDataFolder, requireTaskFiles, scoreTask } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import { rmSync } from 'node:fs';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const tokenizer = createToyTokenizer({ addsBos: true });
const scorer = createToyScorer(tokenizer.vocabSize, 700);
const data = openDataFolder(t.testdir(tinyData()));
const shares = [
  'exactMatch,strict-match',
  'exactMatch,flexible-extract',
  'acc',
  'accNorm',
  'accStem',
  'accHumanities',
  'accSocialSciences',
  'accOther',
  'f1',
];
const rates = ['prefillRate', 'decodeRate', 'timeToFirstToken', 'peakMemory'];
const vocabulary = [...shares, ...rates, 'perplexity', 'wordPerplexity', 'bytePerplexity', 'bitsPerByte'];

t.equal(new Set(tasks.map(({ name }) => name)).size, tasks.length, 'names are unique');

for (const task of tasks)
  t.test(task.name, async (t) => {
    t.match(task, { name: /^[a-z0-9_]+$/, version: /./, description: /./, source: /./ });
    t.ok(
      task.metrics.length > 0 && task.metrics.every(({ name }) => vocabulary.includes(name)),
      'metrics have our names',
    );
    t.equal(new Set(task.metrics.map(({ name }) => name)).size, task.metrics.length);

    const own = openDataFolder(t.testdir(tinyData()));
    await requireTaskFiles(task, own);
    const docs = await task.documents(own);
    t.ok(docs.length > 0);
    t.strictSame(
      own.readFiles().map(({ path }) => path),
      [...task.files].sort(),
      'it reads the files that it names and no others',
    );
    t.strictSame(await task.documents(own), docs, 'documents are the same each time');
    for (const file of task.files) {
      const directory = t.testdir(tinyData());
      for (const ending of ['', '.gz']) rmSync(`${directory}/${file}${ending}`, { force: true });
      const without = openDataFolder(directory);
      await t.rejects(task.documents(without), { code: 'TASK_DATA', message: new RegExp(file) });
      await t.rejects(requireTaskFiles(task, without), { code: 'TASK_DATA', message: new RegExp(file) });
    }

    const options = { tokenizer, scorer, data, window: 32 };
    const { values, samples, counts } = await scoreTask(task, options);
    t.equal(counts.documents + counts.omitted, docs.length);
    t.ok(counts.omitted === 0 || task.contextTokens, 'none is left out unasked');
    t.strictSame(
      values.map(({ metric, higherIsBetter }) => ({ name: metric, higherIsBetter })),
      task.metrics.map(({ name, higherIsBetter }) => ({ name, higherIsBetter })),
    );
    if (task.metrics.some(({ measured }) => measured)) {
      for (const { metric, value, n, protocol } of values) {
        t.ok(value > 0 && Number.isFinite(value) && n > 1, `${metric}: ${value}`);
        t.match(protocol, /^measured\/[\w-]+$/);
      }
      return;
    }
    for (const { metric, value, stderr, n, protocol, higherIsBetter } of values) {
      t.ok(Number.isFinite(value) && n > 1 && Number.isFinite(stderr), `${metric}: ${value} +- ${stderr} of ${n}`);
      t.equal(higherIsBetter, shares.includes(metric));
      if (!shares.includes(metric)) t.match(protocol, /^\w+\/[\w.-]+$/, 'a perplexity names its protocol');
    }
    t.ok(samples.every(({ scores }) => Object.values(scores).every(Number.isFinite)));
    const again = await scoreTask(task, options);
    t.strictSame(
      { values: again.values, samples: again.samples, counts: again.counts },
      { values, samples, counts },
      'scores are the same each time',
    );
    const one = await scoreTask(task, { ...options, limit: 1 });
    t.strictSame(one.samples[0].scores, samples[0].scores, 'a document scores alike alone');
  });
