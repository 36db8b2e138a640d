import { digestOf, type FewShot, type Task } from '@lowbit/core';
import { multipleChoice, solve } from '../multiple-choice.js';
import type { TaskConfig } from './check-config.js';
import { findDataFiles, readRows } from './data-files.js';
import type { DataRow } from './interpret-row.js';
import { Questions } from './questions.js';
import { refuse, type Config } from './read-config.js';

/** Documents are the rows of the data: two are one where all columns are equal, as in the harness. */
export async function createTask(config: TaskConfig, file: string, given: Config): Promise<Task<DataRow>> {
  const scored = config.testSplit ?? config.validationSplit;
  if (scored === undefined) throw refuse(file, 'test_split', 'neither it nor validation_split is there');
  const files = await findDataFiles(config, file, scored);
  const questions = new Questions(config, config.description);
  const facts = {
    name: config.task,
    version: `${config.version}-${digestOf(given).slice(0, 8)}`,
    description: `${config.task} by its task file (${scored} split)`,
    source: 'task file of lm-evaluation-harness',
    files,
    targetDelimiter: config.targetDelimiter,
  };
  const choice = multipleChoice({ ...facts, metrics: config.metrics, documents: async () => [] });
  return {
    ...facts,
    metrics: choice.metrics,
    documents: async (data) => questions.read(await readRows(data, files)),
    requests: (row) => choice.requests(questions.choiceOf(row)),
    score: (row, results) => choice.score(questions.choiceOf(row), results),
    instruction: (row) => questions.instructionOf(row),
    fewShot: await findExamples(config, file, scored),
  };
}

/** Of the split that the harness would take; undefined where its files are not there and none are asked for. */
async function findExamples(config: TaskConfig, file: string, scored: string): Promise<FewShot<DataRow> | undefined> {
  const { fewshotSplit, testSplit, numFewshot, fewshot } = config;
  const samples = fewshotSplit === undefined ? fewshot.samples : undefined;
  const split = fewshotSplit ?? config.trainingSplit ?? config.validationSplit ?? scored;
  const files = samples
    ? []
    : await findDataFiles(config, file, split).catch((error: unknown) => {
        if (numFewshot > 0) throw error;
        return undefined;
      });
  if (!files) return undefined;
  const questions = new Questions(fewshot);
  const { sampler, targetDelimiter, delimiter } = fewshot;
  return {
    count: numFewshot,
    ...{ files, sampler, targetDelimiter, delimiter },
    documents: async (data) =>
      questions.read(
        samples?.map((row, index) => ({ row, place: `${file}, sample ${index + 1}` })) ?? (await readRows(data, files)),
      ),
    leavesOut: fewshotSplit === testSplit,
    example: (row) => solve(questions.choiceOf(row)),
  };
}
