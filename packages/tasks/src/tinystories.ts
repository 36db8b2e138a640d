import { defineTask, estimatePerplexity, type RollingResult } from '@lowbit/core';
import { readStories, storiesFile } from './stories.js';

/** Perplexity of short stories, each scored whole after one BOS token. */
export const tinystories = defineTask<string>({
  name: 'tinystories',
  version: '1',
  description: 'Perplexity per token of whole short stories, each after BOS (probably training text of the demo model)',
  source: 'Eldan and Li 2023; story by story as rolling windows of the model, every token scored',
  metrics: [
    {
      name: 'perplexity',
      higherIsBetter: false,
      protocol: 'ppl/documents',
      comparison: { test: 'bootstrap', score: 'logprob', weight: 'tokens', scale: 'perplexity' },
    },
  ],
  files: [storiesFile],
  documents: readStories,
  requests: (text) => [{ kind: 'rolling', text, special: false }],
  score(_, results) {
    const [{ logprob, tokens }] = results.filter((result): result is RollingResult => result.kind === 'rolling');
    return { logprob, tokens };
  },
  aggregate(scores) {
    const estimate = estimatePerplexity(
      scores.map(({ logprob }) => -logprob),
      scores.map(({ tokens }) => tokens),
    );
    return [{ metric: 'perplexity', ...estimate, n: scores.length }];
  },
});
