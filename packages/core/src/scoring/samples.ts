import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestResult } from '../task.js';
import type { Sample } from './score-task.js';

/** `samples_<task>.jsonl` in `directory`, which is made if needed; the path written. */
export async function writeSamples(directory: string, task: string, samples: readonly Sample[]): Promise<string> {
  const path = join(directory, `samples_${task}.jsonl`);
  await mkdir(directory, { recursive: true });
  await writeFile(path, formatSamples(samples));
  return path;
}

/**
 * A line a document in lm-evaluation-harness's form: `doc_id`, `resps` (a list per request, `[[logprob, isGreedy]]`; a
 * generated text `[text]`, a rolling text has `[[logprob]]`, windows their mean losses, with `window_tokens` where they score unlike numbers of them),
 * the document's scores under the harness's names (`acc`, `acc_norm`), and `target_logprob` of the right answer.
 */
export function formatSamples(samples: readonly Sample[]): string {
  return samples
    .map(({ docId, results, scores, targetLogprob }) => {
      const named = Object.fromEntries(Object.entries(scores).map(([name, value]) => [toSnakeCase(name), value]));
      const tokens = results.flatMap((result) => (result.kind === 'windows' ? result.scoredTokens : []));
      const unlike = tokens.some((count) => count !== tokens[0]) ? { window_tokens: tokens } : {};
      const target = targetLogprob === undefined ? {} : { target_logprob: targetLogprob };
      return `${JSON.stringify({ doc_id: docId, resps: results.map(formatResult), ...unlike, ...named, ...target })}\n`;
    })
    .join('');
}

function formatResult(result: RequestResult): ((number | boolean)[] | string)[] {
  switch (result.kind) {
    case 'logLikelihood':
      return [[result.logprob, result.isGreedy]];
    case 'generate':
      return [result.text];
    case 'throughput':
      return [[result.prefillSeconds, result.decodeSeconds, result.peakMemoryBytes]];
    case 'rolling':
      return [[result.logprob]];
    case 'windows':
      return [result.meanLosses];
  }
}

/** The harness's spelling of a name of ours: `accNorm` is `acc_norm` there. */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
