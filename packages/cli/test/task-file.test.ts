import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { callLowbit } from './call-lowbit.js';
import { model } from './run-lowbit.js';

const rows = [1, 2, 3, 4].map((n) => ({ text: `Tom saw ${n} cats. He was`, a: 'happy', b: 'green', label: n % 2 }));
const folder = t.testdir({
  tasks: {
    'cats.yaml': [
      'task: cats',
      'output_type: multiple_choice',
      'dataset_path: json',
      'dataset_kwargs: {data_files: {test: cats.jsonl}}',
      'test_split: test',
      'fewshot_split: test',
      'doc_to_text: text',
      'doc_to_choice: "{{[a, b]}}"',
      'doc_to_target: label',
    ].join('\n'),
    'cats.jsonl': rows.map((row) => JSON.stringify(row)).join('\n'),
  },
});
const yaml = join(folder, 'tasks', 'cats.yaml');

async function evaluate(...rest: string[]) {
  const { stdout, stderr, status } = await callLowbit(t, ['eval', model, '--data', model, '--json', ...rest]);
  t.equal(status, 0, stderr);
  return JSON.parse(stdout).rows;
}

t.test('a task file by its path, with examples of its own split', async (t) => {
  const none = await evaluate('--tasks', yaml);
  t.match(none, [
    { task: 'cats', metric: 'acc', n: 4, fewShot: 0 },
    { task: 'cats', metric: 'accNorm', n: 4, fewShot: 0 },
  ]);
  const samples = join(folder, 'samples');
  const one = await evaluate('--tasks', join(folder, 'tasks'), '--few-shot', '1', '--samples', samples);
  t.match(one, [{ task: 'cats', fewShot: 1 }, { fewShot: 1 }]);
  t.equal(readFileSync(join(samples, 'samples_cats.jsonl'), 'utf8').trim().split('\n').length, 4);
});

t.test('an experiment names it relative to itself; a chat template puts the prompts', async (t) => {
  const own = join(folder, 'model');
  mkdirSync(own);
  cpSync(model, own, { recursive: true });
  writeFileSync(
    join(own, 'chat_template.jinja'),
    '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:',
  );
  const spec = { models: ['model'], recipes: ['float'], tasks: ['tasks/cats.yaml'], fewShot: 2, data: 'tasks' };
  const figures = new Map<string, string>();
  for (const chatTemplate of [undefined, 'multi-turn', 'single-turn']) {
    const name = chatTemplate ?? 'plain';
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...spec, name, chatTemplate }));
    const output = join(folder, 'runs', name);
    const { stderr, status } = await callLowbit(t, ['run', join(folder, `${name}.json`), '-o', output]);
    t.equal(status, 0, stderr);
    const { cells, tasks } = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8'));
    t.match(tasks, [{ name: 'cats', fewShot: 2, files: [{ path: 'cats.jsonl' }] }]);
    t.equal(tasks[0].chatTemplate, chatTemplate);
    const { counts } = JSON.parse(readFileSync(join(output, 'cells', `${cells[0].digest}.json`), 'utf8'));
    figures.set(cells[0].digest, counts.tokenSha256);
  }
  t.equal(figures.size, 3, 'digests differ');
  t.equal(new Set(figures.values()).size, 3, 'and so do the tokens');
});
