// Documents per second of SmolLM2, alternating with lm-evaluation-harness at its best batch size in the same run, medians of
// the pairs; beside them what the products of the body alone would allow. Both read, tokenize and score; neither loads.
// LOWBIT_BENCH_DOCS: documents of a task (default 100); LOWBIT_BENCH_PAIRS (default 3); LOWBIT_BENCH_LINES: those whose names have it.
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder, openSubject, openTokenizer, scoreTask } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { findPeersPython } from '../../../scripts/peers/find-python.mjs';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { measureProductRate } from '../../../scripts/peers/product-rate.mjs';
import { tasks } from '../dist/index.js';

const checkpoint = process.env.LOWBIT_SMOLLM2 ?? join(homedir(), '.cache/lowbit/models/SmolLM2-135M-Instruct');
const data = openDataFolder('../shared/data');
const documents = Number(process.env.LOWBIT_BENCH_DOCS ?? 100);
const pairs = Number(process.env.LOWBIT_BENCH_PAIRS ?? 3);
const threads = availableParallelism();
const subjects = ['anatomy'];
/** What is run, and how the harness calls it. Rates are over the documents of all tasks of a line. */
const lines = [
  { name: 'piqa, arc and winogrande', of: ['piqa', 'arc_easy', 'arc_challenge', 'winogrande'] },
  { name: 'lambada_openai', of: ['lambada_openai'] },
  { name: 'mmlu, 5 examples', of: subjects.map((subject) => `mmlu_${subject}`), fewShot: 5 },
].filter(({ name }) => name.includes(process.env.LOWBIT_BENCH_LINES ?? ''));

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
  return (sorted[low] + sorted[high]) / 2;
};
const sum = (values) => values.reduce((a, b) => a + b, 0);

/** A task under the harness's name; a subject of mmlu as a task of its own. */
function findTask(name) {
  const found = tasks.find((task) => task.name === name);
  if (found) return found;
  const subject = name.slice('mmlu_'.length);
  const whole = tasks.find((task) => task.name === 'mmlu');
  const documents = async (folder) => (await whole.documents(folder)).filter((doc) => doc.subject === subject);
  return { ...whole, documents };
}

const subject = await openSubject(checkpoint, {
  ...{ kernels: await loadKernels(), device: { name: 'cpu', threads }, workFolder: tmpdir(), maxLength: 2048 },
});
const tokenizer = await openTokenizer(checkpoint);
const python = findPeersPython();
if (!python) throw new Error('lm-evaluation-harness is not installed; `npm run test:peers` installs it');
const peer = await startPeer(python, 'scripts/peers/lm-eval-worker.py', [
  checkpoint,
  String(threads),
  '../shared/data',
]);

async function runOurs(of, fewShot) {
  let count = 0;
  const counts = [];
  const start = performance.now();
  for (const name of of) {
    const options = { tokenizer, scorer: subject.scorer, data, limit: documents, fewShot };
    const { counts: found } = await scoreTask(findTask(name), options);
    counts.push(found);
    count += found.documents;
  }
  return { seconds: (performance.now() - start) / 1000, count, counts };
}

async function runTheirs(of, fewShot, batchSize) {
  const answers = [];
  for (const task of of) answers.push(await peer.ask({ task, documents, batchSize, ...(fewShot && { fewShot }) }));
  return sum(answers.map(({ seconds }) => seconds));
}

const { decoder } = subject;
const linears = decoder.blocks.flatMap(({ attention, mlp }) => [
  ...[...attention.inputs, attention.output],
  ...[...mlp.inputs, mlp.down],
]);
const bodyProducts = 2 * sum(linears.map(({ rows, cols }) => rows * cols));
const rate = await measureProductRate(threads);
console.log(`products: ${rate.toFixed(0)} GFLOP/s on ${threads} threads`);
for (const { name, of, fewShot } of lines) {
  const trials = [];
  for (const size of fewShot ? [1, 8] : [1, 8, 32, 64])
    trials.push({ size, seconds: await runTheirs(of.slice(0, 1), fewShot, size) });
  const [{ size }] = trials.toSorted((a, b) => a.seconds - b.seconds);
  await runOurs(of, fewShot); // the first of a session allocates
  const ratios = [];
  const rates = { ours: [], theirs: [] };
  let counts;
  for (let pair = 0; pair < pairs; pair++) {
    const ours = await runOurs(of, fewShot);
    const theirs = await runTheirs(of, fewShot, size);
    ratios.push(theirs / ours.seconds);
    rates.ours.push(ours.count / ours.seconds);
    rates.theirs.push(ours.count / theirs);
    counts = ours.counts;
  }
  const total = (key) => sum(counts.map((each) => each[key]));
  const limit = total('documents') / ((total('necessaryTokens') * bodyProducts) / (rate * 1e9));
  console.log(
    `${name}: ${median(rates.ours).toFixed(2)} documents/s, harness (batches of ${size}) ${median(rates.theirs).toFixed(2)}, ratio ` +
      `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}); products of the body ` +
      `alone would allow ${limit.toFixed(2)}; tokens computed per necessary one ` +
      `${(total('computedTokens') / total('necessaryTokens')).toFixed(3)}, alone ${(total('unsharedTokens') / total('necessaryTokens')).toFixed(2)}`,
  );
}
peer.close();
await subject.release();
