import { LowbitError, strip, type DataFolder, type Task } from '@lowbit/core';
import { readCsv } from './csv.js';
import { mmluCategories, mmluSubjects } from './mmlu-subjects.js';
import { multipleChoice, type ChoiceDoc } from './multiple-choice.js';

interface MmluDoc extends ChoiceDoc {
  subject: string;
}

const letters = ['A', 'B', 'C', 'D'];
const columns = ['question', 'choice0', 'choice1', 'choice2', 'choice3', 'answer'];
const archiveOf = (split: string): string => `mmlu/mmlu_${split}.tar.gz`;

/** Subjects in alphabetical order. `acc` is over all rows, each category's over its own; `subsets` has the subjects'. */
export const mmlu: Task<MmluDoc> = {
  ...multipleChoice<MmluDoc>({
    name: 'mmlu',
    version: '1',
    description: 'Exam questions of 57 subjects, answered by the letter of the choice (test split)',
    source: 'Hendrycks et al. 2021; lm-evaluation-harness mmlu 2 (its subjects 1.0)',
    metrics: ['acc'],
    files: [archiveOf('test')],
    documents: (data) => readSubjects(data, 'test'),
    instruction: ({ subject }) =>
      `The following are multiple choice questions (with answers) about ${subject.replaceAll('_', ' ')}.\n\n`,
    subset: ({ subject }) => subject,
    fewShot: {
      count: 5,
      files: [archiveOf('dev')],
      documents: (data) => readSubjects(data, 'dev'),
      sampler: 'first_n',
      leavesOut: false,
    },
  }),
  metrics: [
    { name: 'acc', higherIsBetter: true },
    ...Object.entries(mmluCategories).map(([name, subsets]) => ({
      ...{ name, higherIsBetter: true },
      over: { metric: 'acc', subsets },
    })),
  ],
};

async function readSubjects(data: DataFolder, split: string): Promise<MmluDoc[]> {
  const archive = archiveOf(split);
  const files = await data.readArchive(archive);
  return mmluSubjects.flatMap((subject) => {
    const name = `${split}/${subject}_${split}.csv`;
    const text = files.get(name);
    if (text === undefined)
      throw new LowbitError('TASK_DATA', `${archive} should hold ${name}, but does not; get the official file again.`);
    return readCsv(text, `${archive}, ${name}`, columns).map(({ question, answer, ...row }, index): MmluDoc => {
      const target = ['0', '1', '2', '3'].indexOf(answer);
      if (target < 0)
        throw new LowbitError(
          'TASK_DATA',
          `${archive}, ${name}, row ${index + 1}: its answer is "${answer}", not 0 to 3; get the official file again.`,
        );
      const options = letters.map((letter, choice) => `${letter}. ${row[`choice${choice}`]}\n`);
      return { subject, contexts: [`${strip(question)}\n${options.join('')}Answer:`], choices: letters, target };
    });
  });
}
