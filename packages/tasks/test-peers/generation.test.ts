import { mkdirSync, symlinkSync } from 'node:fs';
import { openDataFolder, promptTask, scoreTask } from '@lowbit/core';
import { gsm8kFilters } from '@lowbit/tasks';
import t from 'tap';
import { findTask, shared } from '../test-real/golden.js';
import { openPeer } from './open-peer.js';

// SmolLM2 against the harness itself, greedy on both sides: the same texts, answers and scores.
interface Answer {
  docs: { prompt: string; text: string; answers: Record<string, string>; scores: Record<string, number> }[];
  results: Record<string, number | string>;
}

const { tokenizer, subject, peer } = await openPeer(t, `${shared}/data`);

/** Documents, worked examples, and the rows that these are taken from: there all splits have the rows of the test split. */
for (const [documents, fewShot] of [
  [10, 0],
  [2, 2],
] as const)
  t.test(`gsm8k, ${fewShot} examples`, async (t) => {
    const folder = t.testdir();
    mkdirSync(`${folder}/gsm8k`);
    for (const split of ['test', 'train'])
      symlinkSync(`${shared}/data/gsm8k/test.jsonl`, `${folder}/gsm8k/${split}.jsonl`);
    const task = findTask('gsm8k');
    const data = openDataFolder(folder);
    // One at a time: in a batch the harness lets rows run on behind their stop strings until all have stopped.
    const { docs, results: summary } = (await peer.ask({ task: 'gsm8k', documents, fewShot, batchSize: 1 })) as Answer;
    const options = { data, limit: documents, fewShot };
    const { samples, values } = await scoreTask(task, { tokenizer, scorer: subject.scorer, ...options });
    const own = await promptTask(task, (await task.documents(data)).slice(0, documents), options);
    t.equal(docs.length, documents);
    for (const [i, { prompt, text, answers, scores }] of docs.entries()) {
      const [request] = own[i];
      const [result] = samples[i].results;
      t.equal(request.kind === 'generate' && request.prompt, prompt, `document ${i}: the prompt`);
      if (result.kind !== 'generate') throw new Error('not generated');
      t.equal(result.text, text, `document ${i}: the text`);
      for (const [filter, extract] of Object.entries(gsm8kFilters)) {
        t.equal(extract(result.text), answers[filter], `document ${i}: ${filter}`);
        t.equal(samples[i].scores[`exactMatch,${filter}`], scores[filter]);
      }
    }
    t.ok(
      docs.some(({ text }) => text.length > 100),
      'texts are there',
    );
    for (const { metric, value } of values)
      t.equal(value, summary[metric.replace('exactMatch', 'exact_match')], metric);
  });
