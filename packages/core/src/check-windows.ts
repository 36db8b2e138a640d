import { LowbitError } from './errors.js';
import type { Tokenizer } from './model/tokenizer.js';
import { cutRequest } from './scoring/windows.js';
import type { ModelInfo } from './outside/model-info.js';
import type { Request, Task } from './task.js';

export type WindowsRequest = Extract<Request, { kind: 'windows' }>;

/** More characters than a token of text has on average, by far: a text this much longer than its windows fills them. */
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
  info: ModelInfo,
  tokenizer: Tokenizer,
): void {
  const { name } = info;
  const { contextLength } = info.decoder ?? info;
  const longest = chosen ?? Math.max(0, ...requests.map(({ window = 0 }) => window));
  if (longest > contextLength)
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `Expected a window of at most the ${contextLength} tokens of ${name}'s context, got ${longest}; set a shorter --window.`,
    );
  for (const request of requests) {
    // A document may have any length.
    if (request.cut === 'document') continue;
    const window = chosen ?? request.window;
    if (longestText(request) < 2 * window * charactersPerToken) cutRequest(request, window, tokenizer);
  }
}

function longestText(request: Exclude<WindowsRequest, { cut: 'document' }>): number {
  if (request.cut !== 'drawn') return request.text.length;
  return request.documents.reduce((longest, { length }) => Math.max(longest, length), 0);
}
