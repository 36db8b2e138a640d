import { loadKernels, openChat, openDataFolder, openSubject, openTokenizer, promptTask, scoreTask } from '@lowbit/core';
import type { ChatTurns, Task } from '@lowbit/core';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startPeer } from '../../../scripts/peers/json-lines.mjs';
import { findTask, modelFolder, shared } from '../test-real/golden.js';

// SmolLM2 against the harness itself with worked examples: the texts of every request, and their log-probabilities.
const tolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));

interface Answer {
  docs: { requests: [string, string][]; logprobs: number[]; greedy: boolean[]; acc: number }[];
}

// The template that SmolLM2's authors publish; our copy of the model has none.
const template =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const folder = t.testdir();
const model = join(folder, 'model');
mkdirSync(model);
for (const name of readdirSync(modelFolder)) {
  if (name !== 'tokenizer_config.json') symlinkSync(join(modelFolder, name), join(model, name));
  else {
    const config: object = JSON.parse(readFileSync(join(modelFolder, name), 'utf8'));
    writeFileSync(join(model, name), JSON.stringify({ ...config, chat_template: template }));
  }
}

// Training splits are not at hand: the scored split of PIQA, which its definition leaves a document out of, and ARC's
// validation split stand for them, on both sides.
const dataFolder = join(folder, 'data');
const stand: Record<string, string> = {
  'piqa/valid.jsonl': 'piqa/valid.jsonl',
  'piqa/valid-labels.lst': 'piqa/valid-labels.lst',
  'piqa/train.jsonl': 'piqa/valid.jsonl',
  'piqa/train-labels.lst': 'piqa/valid-labels.lst',
  'arc/ARC-Easy-Train.jsonl': 'arc/ARC-Easy-Dev.jsonl',
  'arc/ARC-Easy-Dev.jsonl': 'arc/ARC-Easy-Dev.jsonl',
  'arc/ARC-Easy-Test.jsonl': 'arc/ARC-Easy-Test.jsonl',
  'mmlu/mmlu_dev.tar.gz': 'mmlu/mmlu_dev.tar.gz',
  'mmlu/mmlu_test.tar.gz': 'mmlu/mmlu_test.tar.gz',
};
for (const name of ['piqa', 'arc', 'mmlu']) mkdirSync(join(dataFolder, name), { recursive: true });
for (const [name, from] of Object.entries(stand)) symlinkSync(join(shared, 'data', from), join(dataFolder, name));

const data = openDataFolder(dataFolder);
const tokenizer = await openTokenizer(model);
const device = { name: 'cpu', threads: 2 };
const subject = await openSubject(model, { kernels: await loadKernels(), device, workFolder: tmpdir() });
const python = process.env['LOWBIT_PEERS_PYTHON'] ?? 'python3';
const peer = await startPeer(python, 'scripts/peers/few-shot-worker.py', [model, '2', dataFolder]);
t.teardown(async () => {
  peer.close();
  await subject.release();
});

/** The task of one subject alone, as the harness has it. */
function subjectOf(name: string): Task {
  const mmlu = findTask('mmlu');
  const metrics = mmlu.metrics.filter(({ over }) => over === undefined);
  const documents: Task['documents'] = async (from) =>
    (await mmlu.documents(from)).filter((doc) => mmlu.subset?.(doc) === name);
  return { ...mmlu, metrics, documents };
}

const cases: { name: string; task: Task; documents: number; fewShot: number; turns?: ChatTurns }[] = [
  { name: 'mmlu_abstract_algebra', task: subjectOf('abstract_algebra'), documents: 50, fewShot: 5 },
  { name: 'arc_easy', task: findTask('arc_easy'), documents: 50, fewShot: 3 },
  { name: 'piqa', task: findTask('piqa'), documents: 50, fewShot: 2 },
  { name: 'mmlu_anatomy', task: subjectOf('anatomy'), documents: 10, fewShot: 2, turns: 'multi-turn' },
  { name: 'mmlu_anatomy', task: subjectOf('anatomy'), documents: 10, fewShot: 2, turns: 'single-turn' },
  { name: 'piqa', task: findTask('piqa'), documents: 10, fewShot: 1, turns: 'multi-turn' },
  { name: 'arc_easy', task: findTask('arc_easy'), documents: 10, fewShot: 0, turns: 'single-turn' },
];

for (const { name, task, documents, fewShot, turns } of cases)
  t.test(`${name}, ${fewShot} examples${turns ? `, ${turns}` : ''}`, async (t) => {
    const { docs } = (await peer.ask({ task: name, documents, fewShot, chat: turns ?? null })) as Answer;
    t.equal(docs.length, documents);
    const chat = openChat(turns, tokenizer, 'SmolLM2');
    const own = (await task.documents(data)).slice(0, documents);
    const prompts = await promptTask(task, own, { data, fewShot, chat });
    t.strictSame(
      prompts.map((requests) =>
        requests.map((request) =>
          request.kind === 'logLikelihood' ? [request.context, request.continuation] : request.kind,
        ),
      ),
      docs.map(({ requests }) => requests),
      'texts',
    );
    const { samples } = await scoreTask(task, {
      ...{ tokenizer, scorer: subject.scorer, data, limit: documents, fewShot, chat },
    });
    const distances = docs.flatMap(({ logprobs }, i) =>
      logprobs.map((value, k) => {
        const result = samples[i].results[k];
        return result.kind === 'logLikelihood' ? Math.abs(result.logprob - value) / tolerance(value) : Infinity;
      }),
    );
    t.equal(distances.length, docs.flatMap(({ logprobs }) => logprobs).length);
    t.ok(Math.max(...distances) <= 1, `largest distance ${Math.max(...distances).toFixed(3)} of the tolerance`);
    t.comment(`largest distance ${Math.max(...distances).toFixed(3)} of the tolerance`);
    t.strictSame(
      samples.map(({ scores }) => scores.acc),
      docs.map(({ acc }) => acc),
      'acc',
    );
    t.strictSame(
      samples.map(({ results }) => results.map((result) => result.kind === 'logLikelihood' && result.isGreedy)),
      docs.map(({ greedy }) => greedy),
      'arg-maxima',
    );
  });
