import { defineTask, estimateMean, exponentiate } from '@lowbit/core';
import { isLogLikelihood } from './multiple-choice.js';
import { readJsonLines } from './rows.js';

const file = 'lambada/lambada_test.jsonl';

interface LambadaDoc {
  context: string;
  word: string;
}

/** The last word of a passage. `acc`: every token of it is the arg-max; `perplexity`: exp(-mean logprob) a word. */
export const lambadaOpenai = defineTask<LambadaDoc>({
  name: 'lambada_openai',
  version: '1',
  description: "The last word of a passage that needs the whole passage (OpenAI's text, test split)",
  source: 'Paperno et al. 2016; lm-evaluation-harness lambada_openai 1.0',
  metrics: [
    { name: 'perplexity', higherIsBetter: false, protocol: 'ppl/lm-eval-word' },
    { name: 'acc', higherIsBetter: true },
  ],
  files: [file],
  async documents(data) {
    const rows = await readJsonLines(data, file);
    return rows.map((row) => {
      const text = row.text('text');
      const gap = text.lastIndexOf(' ');
      if (gap < 0) row.fail('its text is one word');
      return { context: text.slice(0, gap), word: text.slice(gap + 1) };
    });
  },
  requests: ({ context, word }) => [{ kind: 'logLikelihood', context, continuation: ` ${word}` }],
  score(_, results) {
    const [{ logprob, isGreedy }] = results.filter(isLogLikelihood);
    return { logprob, acc: Number(isGreedy) };
  },
  aggregate(scores) {
    const n = scores.length;
    const loss = estimateMean(scores.map(({ logprob }) => -logprob));
    return [
      { metric: 'perplexity', ...exponentiate(loss), n },
      { metric: 'acc', ...estimateMean(scores.map(({ acc }) => acc)), n },
    ];
  },
});
