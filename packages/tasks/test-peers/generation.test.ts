import { tmpdir } from 'node:os';
import { loadKernels, openDataFolder, openSubject, openTokenizer, scoreTask } from '@lowbit/core';
import { gsm8kFilters } from '@lowbit/tasks';
import t from 'tap';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { findTask, modelFolder, shared } from '../test-real/golden.js';

// SmolLM2 against the harness itself, greedy on both sides: the same texts, answers and scores.
const documents = 10;

interface Answer {
  docs: { prompt: string; text: string; answers: Record<string, string>; scores: Record<string, number> }[];
  results: Record<string, number | string>;
}

t.test('gsm8k', async (t) => {
  const tokenizer = await openTokenizer(modelFolder);
  const device = { name: 'cpu', threads: 2 };
  const subject = await openSubject(modelFolder, { kernels: await loadKernels(), device, workFolder: tmpdir() });
  const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
  const peer = await startPeer(python, 'scripts/peers/lm-eval-worker.py', [modelFolder, '2', `${shared}/data`]);
  t.teardown(async () => {
    peer.close();
    await subject.release();
  });
  const task = findTask('gsm8k');
  const data = openDataFolder(`${shared}/data`);
  // One at a time: in a batch the harness lets rows run on behind their stop strings until all have stopped.
  const asked = { task: 'gsm8k', documents, batchSize: 1, fewShot: 0 };
  const { docs, results: summary } = (await peer.ask(asked)) as Answer;
  const { samples, values } = await scoreTask(task, {
    ...{ tokenizer, scorer: subject.scorer, data },
    ...{ limit: documents, fewShot: 0 },
  });
  const own = (await task.documents(data)).map((doc) => task.requests(doc));
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
  t.ok(new Set(docs.map(({ text }) => text.length > 100)).has(true), 'texts are there');
  for (const { metric, value } of values) t.equal(value, summary[metric.replace('exactMatch', 'exact_match')], metric);
});
