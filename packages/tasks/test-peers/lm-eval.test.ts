import { openDataFolder, scoreTask } from '@lowbit/core';
import t from 'tap';
import { findTask } from '../test-real/golden.js';
import { openPeer } from './open-peer.js';
import { layOut } from './official-forms.js';

// SmolLM2 against the harness itself, run now on the same rows: every document of the first 50.
const documents = 50;
const tolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));
// A share p of probability moves by at most p (1 - p) times the distance of two log-probabilities: a quarter of twice 2e-3.
const shareTolerance = 1e-3;

interface Answer {
  docs: {
    requests: [string, string][];
    logprobs: number[];
    greedy: boolean[];
    acc: number;
    acc_norm: number | null;
  }[];
  results: Record<string, number | string>;
}

const folder = t.testdir();
await layOut(folder);
const data = openDataFolder(folder);
const { tokenizer, subject, peer } = await openPeer(t, folder);

const names = [
  ...['piqa', 'arc_easy', 'arc_challenge', 'winogrande', 'hellaswag', 'openbookqa', 'sciq'],
  ...['boolq', 'cb', 'copa', 'rte', 'wic', 'wsc'],
  ...['truthfulqa_mc1', 'truthfulqa_mc2', 'lambada_openai', 'lambada_standard'],
];

for (const name of names)
  t.test(name, async (t) => {
    const task = findTask(name);
    const { docs, results: summary } = (await peer.ask({ task: name, documents })) as Answer;
    const { samples, values } = await scoreTask(task, { tokenizer, scorer: subject.scorer, data, limit: documents });
    const own = (await task.documents(data)).map((doc) => task.requests(doc));
    t.equal(docs.length, documents);
    for (const [i, { requests, logprobs, greedy, acc, acc_norm: accNorm }] of docs.entries()) {
      const { results, scores } = samples[i];
      t.strictSame(
        own[i].map((request) => (request.kind === 'logLikelihood' ? [request.context, request.continuation] : [])),
        requests,
        `document ${i}: the texts`,
      );
      const found = results.map((result) => (result.kind === 'logLikelihood' ? result.logprob : NaN));
      const distance = Math.max(...logprobs.map((value, k) => Math.abs(found[k] - value) / tolerance(value)));
      t.ok(distance <= 1, `document ${i}: ${distance.toFixed(3)} of the tolerance`);
      t.strictSame(
        results.map((result) => result.kind === 'logLikelihood' && result.isGreedy),
        greedy,
        `document ${i}: the arg-maxima`,
      );
      if (name === 'truthfulqa_mc2') t.ok(Math.abs(scores.acc - acc) <= shareTolerance, `document ${i}: acc`);
      else t.equal(scores.acc, acc, `document ${i}: acc`);
      if (accNorm !== null) t.equal(scores.accNorm, accNorm, `document ${i}: accNorm`);
    }
    // Every metric of ours under the harness's name.
    for (const { metric, value } of values) {
      const expected = Number(summary[`${metric === 'accNorm' ? 'acc_norm' : metric},none`]);
      const allowed = { perplexity: 2e-3 * expected, acc: name === 'truthfulqa_mc2' ? shareTolerance : 1e-12 };
      const near = Reflect.get(allowed, metric) ?? 1e-12;
      t.ok(Math.abs(value - expected) <= near, `${metric}: ${value} here, ${expected} there`);
    }
  });
