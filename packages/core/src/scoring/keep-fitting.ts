import { LowbitError } from '../errors.js';
import type { Task } from '../task.js';

/** The documents that a model's context can hold, of a task that says what they need; TASK_UNFIT where it holds none. */
export function keepFitting<Doc>(task: Task<Doc>, docs: readonly Doc[], contextLength: number): readonly Doc[] {
  const { contextTokens } = task;
  if (!contextTokens) return docs;
  const kept = docs.filter((doc) => contextTokens(doc) <= contextLength);
  if (kept.length > 0) return kept;
  const least = Math.min(...docs.map((doc) => contextTokens(doc)));
  throw new LowbitError(
    'TASK_UNFIT',
    `Expected a context of at least ${least} tokens for ${task.name}, got a model with ${contextLength}; leave the task out for it.`,
  );
}
