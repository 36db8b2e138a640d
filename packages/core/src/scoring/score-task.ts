import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError } from '../errors.js';
import { writeAtomic } from '../store/atomic-write.js';
import type { DataFolder, Metric, MetricValue, Request, RequestResult, Task } from '../task.js';
import { aggregate, noScore } from './aggregate.js';
import { summarizeDivergence, summarizeFlips, toBaseline, type BaselineDocument } from './distance.js';
import type { EncodeSeconds } from './encode-ahead.js';
import { countExamples, openExamples } from './few-shot.js';
import { buildRequests } from './prompts.js';
import type { Chat } from './prompts.js';
import { countDivergence, type KlHistogram } from './kl-histogram.js';
import { keepFitting } from './keep-fitting.js';
import { scoreRequests, type Baseline, type ScoreCounts, type ScoreOptions } from './score-requests.js';

export interface TaskOptions extends ScoreOptions {
  data: DataFolder;
  /** Only the first documents, of each part where a task has parts. */
  limit?: number | undefined;
  /** Worked examples for each document; default the task's. */
  fewShot?: number | undefined;
  /** Puts each prompt through the model's template. */
  chat?: Chat | undefined;
}

/** A metric's value with what a row needs to name it. */
export interface TaskValue extends MetricValue {
  protocol: string | undefined;
  higherIsBetter: boolean;
}

/** One document: the results of its requests and the scores that the task made of them. */
export interface Sample {
  docId: number;
  results: RequestResult[];
  scores: Record<string, number>;
  /** Of the right answer, nats, where the task names one. */
  targetLogprob?: number | undefined;
}

export interface TaskScore {
  /** One for each metric of the task, in its order; then the distances to a baseline. */
  values: TaskValue[];
  samples: Sample[];
  /** Where distributions were compared with a baseline's. */
  klHistogram: KlHistogram | undefined;
  /** `omitted`: documents that the model's context cannot hold. */
  counts: ScoreCounts & { documents: number; omitted: number };
  /** What encoding the texts took, and how long scoring waited for it. */
  seconds: EncodeSeconds;
}

/** Scores a model on a task: documents, requests, log-probabilities, scores, metrics. */
export async function scoreTask(task: Task, options: TaskOptions): Promise<TaskScore> {
  const asked = await readDocuments(task, options.data, options.limit);
  const docs = keepFitting(task, asked, options.scorer.contextLength);
  const requests = await promptTask(task, docs, options);
  const { results, divergences, counts, seconds } = await scoreRequests(requests.flat(), options);
  let next = 0;
  const samples = docs.map((doc, docId): Sample => {
    const own = results.slice(next, (next += requests[docId].length));
    const target = task.target && own[task.target(doc)];
    const targetLogprob = target?.kind === 'logLikelihood' ? { targetLogprob: target.logprob } : {};
    return { docId, results: own, scores: task.score(doc, own), ...targetLogprob };
  });
  const measured = aggregate(
    task,
    samples.map(({ scores }) => scores),
    docs,
  );
  const values = task.metrics.map((metric): TaskValue => {
    const value = measured.find((each) => each.metric === metric.name);
    if (!value) throw noScore(task, metric.name);
    return { ...value, protocol: nameProtocol(metric, results, options.window), higherIsBetter: metric.higherIsBetter };
  });
  const distances = await measureDistance(samples.map(toBaseline), options.baseline);
  let nextRequest = 0;
  const byDocument = requests.map(
    ({ length }) => divergences?.slice(nextRequest, (nextRequest += length)).flat() ?? [],
  );
  if (byDocument.some(({ length }) => length > 0)) distances.push(...summarizeDivergence(byDocument));
  return {
    values: [...values, ...distances],
    samples,
    klHistogram: countDivergence(byDocument.flat()),
    counts: { documents: docs.length, omitted: asked.length - docs.length, ...counts },
    seconds,
  };
}

/** Keeps the documents of the float model, or says how many answers differ from its own. */
async function measureDistance(
  documents: readonly BaselineDocument[],
  baseline: Baseline | undefined,
): Promise<TaskValue[]> {
  if (baseline === undefined) return [];
  const path = join(baseline.folder, 'documents.json');
  if (baseline.kind === 'compare')
    return summarizeFlips(documents, JSON.parse(await readFile(path, 'utf8')) as BaselineDocument[]);
  await mkdir(baseline.folder, { recursive: true });
  await writeAtomic(path, JSON.stringify(documents));
  return [];
}

/** The requests of each document, worked examples and chat template included. */
export async function promptTask(
  task: Task,
  docs: readonly unknown[],
  { data, fewShot, chat }: Pick<TaskOptions, 'data' | 'fewShot' | 'chat'>,
): Promise<Request[][]> {
  const count = countExamples(task, docs[0], fewShot);
  return buildRequests(task, docs, await openExamples(task, docs, data, count), chat);
}

/** TASK_DATA when a file of the task is not in the data folder: to be asked of every task before work starts. */
export async function requireTaskFiles(task: Task, data: DataFolder): Promise<void> {
  for (const file of task.files)
    if (!(await data.has(file)))
      throw new LowbitError(
        'TASK_DATA',
        `Task ${task.name} needs ${file} in the data folder, but it is not there; put the official file in place or set --data.`,
      );
}

async function readDocuments(task: Task, data: DataFolder, limit: number | undefined): Promise<unknown[]> {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1))
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `The limit should be an integer from 1, but it is ${limit}; leave it out for all documents.`,
    );
  const docs = await task.documents(data);
  if (docs.length === 0)
    throw new LowbitError(
      'TASK_DATA',
      `Task ${task.name} should have documents, but ${task.files.join(', ')} has none.`,
    );
  return limitDocuments(task, docs, limit);
}

/** The harness limits each task of a group, so the limit is of each part. */
function limitDocuments(task: Task, docs: unknown[], limit: number | undefined): unknown[] {
  if (limit === undefined || !task.subset) return docs.slice(0, limit);
  const counts = new Map<string, number>();
  return docs.filter((doc) => {
    const subset = task.subset?.(doc) ?? '';
    const count = (counts.get(subset) ?? 0) + 1;
    counts.set(subset, count);
    return count <= limit;
  });
}

/** The metric's id for this run: window and stride of its windows, or a window stated for a rolling text. */
function nameProtocol({ protocol }: Metric, results: RequestResult[], window: number | undefined): string | undefined {
  const cut = results.find((result) => result.kind === 'windows');
  if (cut) return protocol?.replace('{window}', String(cut.tokensPerWindow)).replace('{stride}', String(cut.stride));
  const sizes = results.find((result) => result.kind === 'throughput');
  if (sizes)
    return protocol
      ?.replace('{prompt}', String(sizes.promptTokens))
      .replace('{generated}', String(sizes.generatedTokens));
  const stated = window !== undefined && results.some((result) => result.kind === 'rolling');
  return stated && protocol !== undefined ? `${protocol}-${window}` : protocol;
}
