import { bootstrapRatio, defineTask, drawResamples, estimatePerplexity, exponentiate, LowbitError } from '@lowbit/core';
import type { DataFolder, MetricComparison, Task, Windows, WindowsResult } from '@lowbit/core';

/** Perplexity of texts cut into windows. A document is the request that scores it. */
export interface PerplexityTask {
  name: string;
  version: string;
  description: string;
  source: string;
  /** `ppl/papers-{window}`, `ppl/llama.cpp-{window}`, `ppl/strided-{window}-{stride}`, `ppl/documents-{window}`. */
  protocol: string;
  /** What varies by itself: the windows of one long text (default), or its documents. */
  observed?: 'window' | 'document';
  files: string[];
  documents(data: DataFolder): Promise<Windows[]>;
}

/**
 * exp of the mean loss of all scored tokens (where windows are equally long that is the mean of their means). The
 * observations behind the error are the documents, or the windows of a single one.
 */
export function perplexity({ protocol, observed = 'window', ...task }: PerplexityTask): Task<Windows> {
  const comparison: MetricComparison =
    observed === 'window'
      ? { test: 'bootstrap', each: 'window', scale: 'perplexity' }
      : { test: 'bootstrap', score: 'logprob', weight: 'tokens', scale: 'perplexity' };
  return defineTask<Windows>({
    ...task,
    metrics: [{ name: 'perplexity', higherIsBetter: false, protocol, comparison }],
    requests: (request) => [request],
    score(_, results) {
      const [{ meanLosses, scoredTokens }] = results.filter(
        (result): result is WindowsResult => result.kind === 'windows',
      );
      const windows = meanLosses.length;
      // A document of one token has no window.
      if (windows === 0) return { loss: 0, logprob: 0, tokens: 0, windows };
      const losses = sumLosses(meanLosses, scoredTokens);
      const { value, stderr } = bootstrapRatio(losses, scoredTokens, drawResamples(windows, { replicates: 1000 }));
      const tokens = scoredTokens.reduce((total, count) => total + count, 0);
      return {
        loss: value,
        logprob: -value * tokens,
        tokens,
        windows,
        ...(stderr === undefined ? {} : { lossStderr: stderr }),
      };
    },
    aggregate(scores) {
      const column = (name: string): number[] => scores.map((score) => score[name]);
      if (column('windows').every((windows) => windows === 0)) throw nothingScored(task);
      const [{ loss, lossStderr, windows }] = scores;
      const estimate =
        scores.length === 1
          ? exponentiate({ value: loss, stderr: lossStderr })
          : estimatePerplexity(sumLosses(column('loss'), column('tokens')), column('tokens'));
      return [{ metric: 'perplexity', ...estimate, n: scores.length === 1 ? windows : scores.length }];
    },
  });
}

function sumLosses(meanLosses: readonly number[], tokens: readonly number[]): number[] {
  return meanLosses.map((loss, index) => loss * tokens[index]);
}

function nothingScored({ name, files }: Pick<Task, 'name' | 'files'>): LowbitError {
  return new LowbitError(
    'TASK_SHORT',
    `Task ${name} should have documents of at least two tokens, but ${files.join(', ')} has none; give it more text.`,
  );
}
