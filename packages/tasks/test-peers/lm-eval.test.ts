import { loadKernels, openSubject, openTokenizer, scoreTask } from '@lowbit/core';
import { tmpdir } from 'node:os';
import t from 'tap';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { data, findTask, modelFolder, shared } from '../test-real/golden.js';

// SmolLM2 against the harness itself, run now on the same rows: every document of the first 50.
const documents = 50;
const tolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));

interface Answer {
  docs: { logprobs: number[]; greedy: boolean[]; acc: number; acc_norm: number | null }[];
}

const tokenizer = await openTokenizer(modelFolder);
const device = { name: 'cpu', threads: 2 };
const subject = await openSubject(modelFolder, { kernels: await loadKernels(), device, workFolder: tmpdir() });
const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
const peer = await startPeer(python, 'scripts/peers/lm-eval-worker.py', [modelFolder, '2', `${shared}/data`]);
t.teardown(async () => {
  peer.close();
  await subject.release();
});

for (const name of ['piqa', 'arc_easy', 'arc_challenge', 'winogrande', 'lambada_openai'])
  t.test(name, async (t) => {
    const { docs } = (await peer.ask({ task: name, documents })) as Answer;
    const { samples } = await scoreTask(findTask(name), { tokenizer, scorer: subject.scorer, data, limit: documents });
    t.equal(docs.length, documents);
    for (const [i, { logprobs, greedy, acc, acc_norm: accNorm }] of docs.entries()) {
      const { results, scores } = samples[i];
      const found = results.map((result) => (result.kind === 'logLikelihood' ? result.logprob : NaN));
      const distance = Math.max(...logprobs.map((value, k) => Math.abs(found[k] - value) / tolerance(value)));
      t.ok(distance <= 1, `document ${i}: ${distance.toFixed(3)} of the tolerance`);
      t.strictSame(
        results.map((result) => result.kind === 'logLikelihood' && result.isGreedy),
        greedy,
        `document ${i}: the arg-maxima`,
      );
      t.equal(scores.acc, acc, `document ${i}: acc`);
      if (accNorm !== null) t.equal(scores.accNorm, accNorm, `document ${i}: accNorm`);
    }
  });
