import { openDataFolder, promptTask, scoreTask } from '@lowbit/core';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadTaskFiles } from '@lowbit/tasks';
import { shared } from '../test-real/golden.js';
import { openPeer } from './open-peer.js';

// The same YAML definitions, with the same data beside them, loaded by the harness and by Lowbit.
const documents = 20;
const tolerance = (logprob: number): number => Math.max(2e-3, 2e-6 * Math.abs(logprob));

interface Answer {
  docs: { requests: [string, string][]; logprobs: number[]; greedy: boolean[]; acc: number; acc_norm: number | null }[];
}

interface ArcRow {
  question: { stem: string; choices: { text: string; label: string }[] };
  answerKey: string;
}

const official = openDataFolder(`${shared}/data`);
const rows = (await official.readLines('arc/ARC-Easy-Test.jsonl')).slice(0, 60).map((line) => {
  const { question, answerKey } = JSON.parse(line) as ArcRow;
  const choices = question.choices.map(({ text }) => text);
  const answer = question.choices.findIndex(({ label }) => label === answerKey);
  return {
    stem: ` ${question.stem} `,
    choices,
    answer,
    right: choices[answer],
    letters: choices.map((_, i) => 'ABCDE'[i]),
  };
});

const definitions: Record<string, string> = {
  fields_and_templates: `
doc_to_text: "Question: {{stem.strip()}}\\nAnswer:"
doc_to_choice: choices
doc_to_target: answer
num_fewshot: 3
description: "Questions for a school.\\n\\n"
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
`,
  letters_by_text: `
doc_to_text: "{{stem|trim}}{% for choice in choices %}\\n{{letters[loop.index0]}}. {{choice}}{% endfor %}\\nAnswer:"
doc_to_choice: letters
doc_to_target: "{{letters[answer]}}"
fewshot_delimiter: "\\n---\\n"
num_fewshot: 2
fewshot_config: {sampler: first_n}
metric_list:
  - metric: acc
`,
  contexts_without_delimiter: `
doc_to_text: stem
doc_to_choice: "{{['It is ' + right, 'It is not ' + right]}}"
doc_to_target: 0
target_delimiter: ""
metric_list:
  - metric: acc
`,
};

const folder = t.testdir();
const lines = (from: number, to: number): string =>
  rows
    .slice(from, to)
    .map((row) => JSON.stringify(row))
    .join('\n');
for (const [name, text] of Object.entries(definitions)) {
  mkdirSync(join(folder, name));
  writeFileSync(
    join(folder, name, `${name}.yaml`),
    `task: ${name}
output_type: multiple_choice
dataset_path: json
dataset_kwargs: {data_files: {train: train.jsonl, test: test.jsonl}}
training_split: train
test_split: test
fewshot_split: train
metadata: {version: 1.0}
${text}`,
  );
  writeFileSync(join(folder, name, 'test.jsonl'), lines(0, documents));
  writeFileSync(join(folder, name, 'train.jsonl'), lines(documents, 60));
}

const { tokenizer, subject, peer } = await openPeer(t, `${shared}/data`);

for (const name of Object.keys(definitions))
  t.test(name, async (t) => {
    const own = join(folder, name);
    const { docs } = (await peer.ask({ task: name, documents, folder: own })) as Answer;
    const [task] = await loadTaskFiles(join(own, `${name}.yaml`));
    if (!task) throw new Error(`${name} gave no task`);
    const data = openDataFolder(own);
    const { samples } = await scoreTask(task, { tokenizer, scorer: subject.scorer, data });
    const requests = await promptTask(task, await task.documents(data), { data });
    t.equal(docs.length, documents);
    for (const [i, { requests: texts, logprobs, greedy, acc, acc_norm: accNorm }] of docs.entries()) {
      t.strictSame(
        requests[i]?.map((request) =>
          request.kind === 'logLikelihood' ? [request.context, request.continuation] : [],
        ),
        texts,
        `document ${i}: the texts`,
      );
      const { results = [], scores = {} } = samples[i] ?? {};
      const found = results.flatMap((result) => (result.kind === 'logLikelihood' ? [result] : []));
      t.ok(
        logprobs.every((value, k) => Math.abs((found[k]?.logprob ?? NaN) - value) <= tolerance(value)),
        `document ${i}: log-probabilities`,
      );
      t.strictSame(
        found.map(({ isGreedy }) => isGreedy),
        greedy,
      );
      t.equal(scores['acc'], acc, `document ${i}: acc`);
      if (accNorm !== null) t.equal(scores['accNorm'], accNorm, `document ${i}: accNorm`);
    }
  });
