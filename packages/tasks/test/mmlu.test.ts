import { openDataFolder, promptTask } from '@lowbit/core';
import { tasks } from '@lowbit/tasks';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { makeTar } from './make-tar.js';
import { tinyData } from './tiny-data.js';

const [mmlu] = tasks.filter(({ name }) => name === 'mmlu');

t.test('subjects in alphabetical order, five examples of the same subject', async (t) => {
  const data = openDataFolder(t.testdir(tinyData()));
  const docs = await mmlu.documents(data);
  t.equal(docs.length, 57 * 2);
  t.equal(mmlu.subset?.(docs[0]), 'abstract_algebra');
  const prompts = await promptTask(mmlu, docs, { data });
  const choices = (row: number) => `\nA. a${row}\nB. b, c\nC. d\nD. e "f"\nAnswer:`;
  const examples = [0, 1, 2, 3, 4].map((row) => `anatomy, dev ${row}?${choices(row)} ${'ABCDA'[row]}\n\n`).join('');
  t.strictSame(
    prompts[3],
    ['A', 'B', 'C', 'D'].map((letter) => ({
      kind: 'logLikelihood',
      context: `The following are multiple choice questions (with answers) about anatomy.\n\n${examples}anatomy, test 1?${choices(1)}`,
      continuation: ` ${letter}`,
    })),
  );
  t.equal(Reflect.get(Object(docs[3]), 'target'), 1);
});

t.test('malformed archives name file and row', async (t) => {
  const files = { 'test/abstract_algebra_test.csv': 'question,choice0,choice1,choice2,choice3,answer\nq,a,b,c,d,4\n' };
  const tar = makeTar(files);
  const cases: [Buffer | string, RegExp][] = [
    [tar, /mmlu_test.tar.gz, test\/abstract_algebra_test.csv, row 1: its answer is "4"/],
    [makeTar({ 'other.csv': 'x' }), /should hold test\/abstract_algebra_test.csv/],
    [makeTar({ 'test/abstract_algebra_test.csv': 'question,answer\nq,0\n' }), /line 1: it has no column choice0/],
    [makeTar({ 'test/abstract_algebra_test.csv': 'question\n"q' }), /should be CSV/],
    [tar.subarray(0, 60), /should be a tar archive/],
    ['no archive at all'.repeat(40), /the header of .* is damaged/],
  ];
  const folder = t.testdir({ mmlu: { 'mmlu_test.tar.gz': '' } });
  for (const [content, message] of cases) {
    writeFileSync(`${folder}/mmlu/mmlu_test.tar.gz`, content);
    await t.rejects(mmlu.documents(openDataFolder(folder)), { code: 'TASK_DATA', message });
  }
});
