import type { Pack, PackScores, TokenScorer } from '../scoring/token-scorer.js';
import { mapConcurrently } from './http.js';
import { wrong } from './server-forms.js';
import type { AnswerForm, ServerConnection } from './server-forms.js';

export interface ServerLimits {
  vocabSize: number;
  /** Tokens that the server takes. */
  contextLength: number;
  /** Requests at a time. */
  concurrency: number;
}

/** A request for each sequence. Prefixes are the server's business: none is counted as shared. */
export function createServerScorer(server: ServerConnection, form: AnswerForm, limits: ServerLimits): TokenScorer {
  const { vocabSize, contextLength, concurrency } = limits;

  async function scorePack(pack: Pack): Promise<PackScores> {
    // A pack of its own: the path, and behind it the last target, which is never fed.
    const ids = Int32Array.from([...pack.ids, pack.targets[pack.targets.length - 1]]);
    const { logprobs, greedy } = await form.score(server, ids, pack.sources[0] + 1);
    return {
      nll: Float32Array.from(logprobs, (logprob) => -logprob),
      greedy: Uint8Array.from(greedy, (isGreedy) => {
        if (isGreedy !== undefined) return Number(isGreedy);
        throw wrong(
          server.url,
          'the likeliest token beside each one',
          `none in the form ${form.name}`,
          'score texts (perplexity) with this server, or choose another',
        );
      }),
    };
  }

  return {
    vocabSize,
    // The last token of a sequence is a target for the model, but a part of the request.
    contextLength: contextLength - form.extraTokens - 1,
    sharesPrefixes: false,
    scoreSequences: (sequences, progress, options = {}) =>
      mapConcurrently(sequences, concurrency, async (ids, index) => {
        const { logprobs } = await form.score(server, ids, options.scoredFrom?.[index] ?? 1);
        progress?.(ids.length - 1);
        return Float32Array.from(logprobs, (logprob) => -logprob);
      }),
    scorePacks: (packs, progress) =>
      mapConcurrently(packs, concurrency, async (pack) => {
        const scores = await scorePack(pack);
        progress?.(pack.ids.length);
        return scores;
      }),
  };
}
