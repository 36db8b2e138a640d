import { openDataFolder, promptTask, type Task } from '@lowbit/core';
import { loadTaskFiles, tasks } from '@lowbit/tasks';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { tinyData } from './tiny-data.js';

const base = `
task: colours
output_type: multiple_choice
dataset_path: json
dataset_kwargs:
  data_files: {test: test.jsonl, train: train.json}
test_split: test
training_split: train
doc_to_text: "Q: {{question.strip()}}\\nA:"
doc_to_choice: "{{[first, second]}}"
doc_to_target: label
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - metric: acc_norm
metadata: {version: 1.0}
`;
const rows = [
  { question: ' Sky? ', first: 'blue', second: 'red', label: 0 },
  { question: 'Blood?', first: 'blue', second: 'red', label: 1 },
];
const train = [1, 2, 3].map((n) => ({ question: `Car ${n}?`, first: 'red', second: 'blue', label: 0 }));

const folder = t.testdir({ more: {} });
let count = 0;

/** A folder of its own with the file and its data. */
function place(yaml: string, files: Record<string, string> = {}): string {
  const own = join(folder, `${count++}`);
  mkdirSync(own);
  const all = { 'test.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'), 'train.json': JSON.stringify(train) };
  for (const [name, text] of Object.entries({ ...all, ...files, 'task.yaml': yaml }))
    writeFileSync(join(own, name), text);
  return join(own, 'task.yaml');
}

async function load(yaml: string, files?: Record<string, string>): Promise<Task> {
  const [task] = await loadTaskFiles(place(yaml, files));
  return task;
}

const noData = openDataFolder(join(folder, 'nowhere'));

async function texts(task: Task, fewShot = 0): Promise<[string, string][]> {
  const docs = await task.documents(noData);
  return (await promptTask(task, docs, { data: noData, fewShot }))
    .flat()
    .map((request) => (request.kind === 'logLikelihood' ? [request.context, request.continuation] : ['', '']));
}

t.test('fields and templates, data beside the file', async (t) => {
  const task = await load(base);
  t.match(task, { name: 'colours', version: /^1-[0-9a-f]{8}$/, metrics: [{ name: 'acc' }, { name: 'accNorm' }] });
  t.strictSame(await texts(task), [
    ['Q: Sky?\nA:', ' blue'],
    ['Q: Sky?\nA:', ' red'],
    ['Q: Blood?\nA:', ' blue'],
    ['Q: Blood?\nA:', ' red'],
  ]);
  const docs = await task.documents(noData);
  const results = [-1, -2].map((logprob) => ({ kind: 'logLikelihood' as const, logprob, isGreedy: false, tokens: 1 }));
  t.strictSame(
    docs.map((doc) => task.score(doc, results)),
    [
      { acc: 1, accNorm: 1 },
      { acc: 0, accNorm: 0 },
    ],
  );
  const data = openDataFolder(folder);
  await task.documents(data);
  t.match(data.readFiles(), [{ path: 'test.jsonl' }], 'recorded without the folders of this machine');
});

t.test('worked examples, description and delimiters', async (t) => {
  const yaml = `${base}num_fewshot: 2\nfewshot_config: {sampler: first_n}\ndescription: "About {{first}}.\\n"\nfewshot_delimiter: "|"\ntarget_delimiter: "="\n`;
  const task = await load(yaml);
  t.equal(task.fewShot?.count, 2);
  t.equal(task.fewShot?.leavesOut, false);
  const [[context, continuation]] = await texts(task, 2);
  t.equal(context, 'About blue.\nQ: Car 1?\nA:=red|Q: Car 2?\nA:=red|Q: Sky?\nA:');
  t.equal(continuation, '=blue');
  const samples = await load(
    `${base}fewshot_config:\n  samples:\n    - {question: Grass?, first: green, second: red, label: 0}\n  doc_to_text: "{{question}} is"\n`,
  );
  t.equal((await texts(samples, 1))[0][0], 'Grass? is green\n\nQ: Sky?\nA:');
  const own = await load(base.replace('test_split: test\n', 'validation_split: test\n'));
  t.equal(own.fewShot?.leavesOut, true, 'neither split named: the document is left out');
  const same = await load(`${base}fewshot_split: test\n`);
  t.equal(same.fewShot?.leavesOut, true);
  const bare = await load(base.replace(', train: train.json', ''));
  t.equal(bare.fewShot, undefined, 'a split without a file is not needed unless asked for');
});

t.test("Python's reading of what templates print", async (t) => {
  const cases: [yaml: string, row: object, expected: [string, string][], target: number][] = [
    [
      'doc_to_text: "{{q}}"\ndoc_to_choice: "{{c.text}}"\ndoc_to_target: "{{c.label.index(k)}}"',
      { q: 'x', c: { text: ['a', 'b'], label: ['A', 'B'] }, k: 'B' },
      [
        ['x', ' a'],
        ['x', ' b'],
      ],
      1,
    ],
    [
      'doc_to_text: "{{yes}} {{none}} {{n}}\\n"\ndoc_to_choice: ["no", "yes"]\ndoc_to_target: "{{answer}}"',
      { yes: true, none: null, n: 1.5, answer: 'yes' },
      [
        ['True None 1.5\n', ' no'],
        ['True None 1.5\n', ' yes'],
      ],
      1,
    ],
    [
      'doc_to_text: "{% if a %}\\nA{% endif %}{% for i in l %}-{{i}}{% endfor %}"\ndoc_to_choice: "[\'p\', \'{{q}}\']"\ndoc_to_target: b',
      { a: 1, l: [1, 2], q: 'r', b: true },
      [
        ['\nA-1-2', ' p'],
        ['\nA-1-2', ' r'],
      ],
      1,
    ],
    [
      'doc_to_text: place\ndoc_to_choice: {x: "He", y: "She"}\ndoc_to_target: "went home"',
      { place: 1 },
      [
        ['He', ' went home'],
        ['She', ' went home'],
      ],
      1,
    ],
  ];
  for (const [yaml, row, expected, target] of cases) {
    const head =
      'task: one\noutput_type: multiple_choice\ndataset_path: json\ndataset_kwargs: {data_files: one.jsonl}\nvalidation_split: train\n';
    const task = await load(`${head}${yaml}\n`, { 'one.jsonl': JSON.stringify(row) });
    t.strictSame(await texts(task), expected);
    const [doc] = await task.documents(noData);
    const logprobs = [0, 1].map((index) => (index === target ? -1 : -2));
    const results = logprobs.map((logprob) => ({
      kind: 'logLikelihood' as const,
      logprob,
      isGreedy: false,
      tokens: 1,
    }));
    t.match(task.score(doc, results), { acc: 1 });
  }
});

t.test('includes and folders', async (t) => {
  const include = place('include: base_yaml\ntask: one\nmetric_list: [{metric: acc}]\n', { base_yaml: base });
  const [one] = await loadTaskFiles(include);
  t.match(one, { name: 'one', metrics: [{ name: 'acc' }] });
  const files = {
    'a.yaml': 'include: base_yaml\ntask: a\n',
    'group.yaml': 'group: all\ntask: [a, colours]\n',
    'part.yaml': 'test_split: test\n',
    base_yaml: base,
  };
  const all = await loadTaskFiles(join(place(base, files), '..'));
  t.strictSame(
    all.map(({ name }) => name),
    ['a', 'colours'],
  );
  await t.rejects(loadTaskFiles(place('include: task.yaml\n')), { code: 'TASK_FILE', message: /'include'.*itself/ });
  await t.rejects(loadTaskFiles(join(folder, 'more')), { code: 'TASK_FILE', message: /with a task in .*, found none/ });
  await t.rejects(loadTaskFiles(join(folder, 'none.yaml')), { code: 'TASK_FILE' });
});

t.test('what cannot be used is an error that names the key', async (t) => {
  const cases: [string, RegExp][] = [
    [base.replace('doc_to_target: label', 'doc_to_target: !function utils.target'), /'doc_to_target'.*!function/],
    [`${base}process_docs: !function utils.process\n`, /'process_docs'.*!function/],
    [`${base}process_docs: other\n`, /'process_docs'.*does not know/],
    [`${base}filter_list: []\n`, /'filter_list'/],
    [`${base}gen_prefix: "A"\n`, /'gen_prefix'/],
    [`${base}fewshot_config: {sampler: balanced}\n`, /'sampler'.*default, first_n/],
    [`${base}fewshot_config: {fewshot_indices: [1]}\n`, /'fewshot_config.fewshot_indices'/],
    [base.replace('multiple_choice', 'generate_until'), /'output_type'.*multiple_choice/],
    [base.replace('metric: acc_norm', 'metric: f1'), /'metric_list'.*f1/],
    [base.replace('dataset_path: json', 'dataset_path: cais/mmlu'), /'dataset_path'.*cais\/mmlu/],
    [base.replace('test: test.jsonl, ', ''), /'dataset_kwargs.data_files'.*split test/],
    [base.replace('data_files:', 'field:'), /'dataset_kwargs.field'/],
    [base.replace('test_split: test\n', ''), /'test_split'.*validation_split/],
    [base.replace('task: colours', ''), /'task'.*not there/],
    [`${base}num_fewshot: many\n`, /'num_fewshot'.*whole number/],
    ['a: [', /cannot be read/],
    ['- a', /no mapping/],
  ];
  for (const [yaml, message] of cases) await t.rejects(load(yaml), { code: 'TASK_FILE', message }, yaml);
  const nulls = await load(`${base}process_docs: null\nfewshot_split: null\n`);
  t.equal(nulls.name, 'colours');
});

t.test('rows that make no question name file and line', async (t) => {
  const cases: [string, string, RegExp][] = [
    [base, '{"question": "x"', /test.jsonl, line 1: it is not JSON/],
    [base, '\n[1]', /test.jsonl, row 1: it is not an object/],
    [base, '{}\n5', /test.jsonl, line 2: it is not an object/],
    [base, JSON.stringify({ ...rows[0], label: 2 }), /line 1: .* label names none of the 2 choices/],
    [base, JSON.stringify({ ...rows[0], label: 'blue, no' }), /line 1: .* label names none/],
    [base, JSON.stringify({ ...rows[0], second: 5 }), /line 1: .*doc_to_choice is no list/],
    [base, JSON.stringify({ first: 'a', second: 'b', label: 1 }), /line 1: the task file makes no question of it/],
    [base.replace('label', '"{{gone}}"'), JSON.stringify(rows[0]), /it is undefined/],
    [base.replace('label', '"{{[0, 1]}}"'), JSON.stringify(rows[0]), /whole number is wanted/],
    [base.replace('.strip()', ' | frobnicate'), JSON.stringify(rows[0]), /frobnicate/],
  ];
  for (const [yaml, text, message] of cases) {
    const task = await load(yaml, { 'test.jsonl': text });
    await t.rejects(task.documents(noData), { code: 'TASK_DATA', message }, text);
  }
});

t.test('a task of ours written as a file gives the same requests', async (t) => {
  const directory = join(folder, 'more');
  for (const [name, files] of Object.entries(tinyData().arc)) writeFileSync(join(directory, name), files);
  const yaml = `
task: arc_file
output_type: multiple_choice
dataset_path: json
dataset_kwargs: {data_files: {test: ${join(directory, 'ARC-Easy-Test.jsonl')}}}
test_split: test
doc_to_text: "Question: {{question.stem}}\\nAnswer:"
doc_to_choice: "{{question.choices | map(attribute='text') | list}}"
doc_to_target: "{{(question.choices | map(attribute='label') | list).index(answerKey)}}"
`;
  const own = openDataFolder(join(folder, 'tiny'));
  mkdirSync(join(folder, 'tiny', 'arc'), { recursive: true });
  for (const [name, files] of Object.entries(tinyData().arc)) writeFileSync(join(folder, 'tiny', 'arc', name), files);
  const [arc] = tasks.filter(({ name }) => name === 'arc_easy');
  const docs = await arc.documents(own);
  const expected = docs
    .flatMap((doc) => arc.requests(doc))
    .map((each) => (each.kind === 'logLikelihood' ? [each.context, each.continuation] : []));
  t.strictSame(await texts(await load(yaml)), expected);
});
