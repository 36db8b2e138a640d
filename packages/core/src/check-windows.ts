import { LowbitError } from './errors.js';
import type { Tokenizer } from './model/tokenizer.js';
import { cutWindows } from './scoring/windows.js';
import type { SubjectInfo } from './subject.js';
import type { Request, Task } from './task.js';

export type WindowsRequest = Extract<Request, { kind: 'windows' }>;

/** More characters than a token of text has on average, by far: a text this much longer than its window fills one. */
const charactersPerToken = 32;

/** The requests of a task whose texts are cut into windows; a task's documents are all of one kind. */
export function listWindows(task: Task, docs: readonly unknown[]): WindowsRequest[] {
  const isWindows = (request: Request): request is WindowsRequest => request.kind === 'windows';
  return task.requests(docs[0]).some(isWindows) ? docs.flatMap((doc) => task.requests(doc).filter(isWindows)) : [];
}

/** Before anything is computed: EXPERIMENT_OPTION for a window beyond the model's context, TASK_SHORT for a text below one. */
export function checkWindows(
  chosen: number | undefined,
  requests: readonly WindowsRequest[],
  { name, decoder: { contextLength } }: SubjectInfo,
  tokenizer: Tokenizer,
): void {
  const longest = Math.max(0, ...(chosen === undefined ? requests.map(({ window }) => window) : [chosen]));
  if (longest > contextLength)
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `Expected a window of at most the ${contextLength} tokens of ${name}'s context, got ${longest}; set a shorter --window.`,
    );
  for (const { text, window } of requests)
    if (text.length < (chosen ?? window) * charactersPerToken)
      cutWindows(tokenizer.encode(text, { special: true }), chosen ?? window);
}
