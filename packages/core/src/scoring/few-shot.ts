import { isDeepStrictEqual } from 'node:util';
import { PythonRandom } from '../calibration/python-random.js';
import { LowbitError } from '../errors.js';
import type { DataFolder, Example, FewShot, Task } from '../task.js';

/** Of lm-evaluation-harness's sampler (`fewshot_random_seed`). */
const seed = 1234;

/** The examples of one document; documents are to be asked in their order, once each. */
export type ExampleDrawer<Doc = unknown> = (doc: Doc) => Example[];

/**
 * Examples for a document: what the run asks for, else what the task does. 0 for a task that asks nothing (perplexity);
 * EXPERIMENT_OPTION where a task with questions has no examples.
 */
export function countExamples(task: Task, doc: unknown, asked: number | undefined): number {
  const count = asked ?? task.fewShot?.count ?? 0;
  if (count === 0 || task.fewShot) return count;
  if (!asksQuestions(task, doc)) return 0;
  throw new LowbitError(
    'EXPERIMENT_OPTION',
    `Expected no worked examples for ${task.name}, whose definition names no split to take them from, got fewShot ${count}; set it to 0.`,
  );
}

/** Whether its requests have prompts, which examples and a chat template go into; texts scored whole have none. */
export function asksQuestions(task: Task, doc: unknown): boolean {
  return task.requests(doc).some(({ kind }) => kind === 'logLikelihood' || kind === 'generate');
}

/**
 * Reads what examples are taken from and checks that it suffices for every part of the task: TASK_DATA otherwise. Each
 * part has a sampler of its own, as each task of a group has in the harness.
 */
export async function openExamples(
  task: Task,
  docs: readonly unknown[],
  data: DataFolder,
  count: number,
): Promise<ExampleDrawer> {
  const { fewShot } = task;
  if (!fewShot || count === 0) return () => [];
  const subsetOf = (doc: unknown): string => task.subset?.(doc) ?? '';
  const pools = groupBy(await fewShot.documents(data), subsetOf);
  const drawers = new Map<string, (doc: unknown) => unknown[]>();
  for (const subset of new Set(docs.map(subsetOf))) {
    const pool = pools.get(subset) ?? [];
    const needed = count + Number(fewShot.leavesOut);
    if (pool.length < needed) throw tooFew(task, fewShot, subset, needed, pool.length);
    const drawn = createSampler(pool, count, fewShot);
    drawers.set(subset, (doc) => {
      const found = drawn(doc);
      // A split with the same row several times, all of them left out.
      if (found.length < count) throw tooFew(task, fewShot, subset, count, found.length);
      return found;
    });
  }
  return (doc) => (drawers.get(subsetOf(doc))?.(doc) ?? []).map((each) => fewShot.example(each));
}

function createSampler(
  pool: readonly unknown[],
  count: number,
  { sampler, leavesOut }: Pick<FewShot, 'sampler' | 'leavesOut'>,
): (doc: unknown) => unknown[] {
  const others = (from: readonly unknown[], doc: unknown): unknown[] =>
    from.filter((each) => !isDeepStrictEqual(each, doc));
  if (sampler === 'first_n') return (doc) => (leavesOut ? others(pool, doc) : pool).slice(0, count);
  const random = new PythonRandom(seed);
  if (!leavesOut) return () => random.sample(pool, count);
  return (doc) => {
    const drawn = others(random.sample(pool, count + 1), doc).slice(0, count);
    // Rows that occur twice: the harness draws anew from a pool without any copy.
    if (drawn.length === count) return drawn;
    const rest = others(pool, doc);
    return rest.length < count ? rest : random.sample(rest, count);
  };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function tooFew(task: Task, { files }: FewShot, subset: string, needed: number, found: number): LowbitError {
  const part = subset === '' ? '' : ` for ${subset}`;
  return new LowbitError(
    'TASK_DATA',
    `Expected at least ${needed} rows to take examples of ${task.name} from in ${files.join(', ')}${part}, got ${found}; ask for fewer with --few-shot.`,
  );
}
