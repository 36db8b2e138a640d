import { defineTask, estimateMean, estimatePerplexity, type DataFolder, type Task } from '@lowbit/core';
import { isLogLikelihood } from './multiple-choice.js';
import { fail, readJsonLines } from './rows.js';

const openaiFile = 'lambada/lambada_test.jsonl';
const plainFile = 'lambada/lambada_test_plain_text.txt';

interface LambadaDoc {
  context: string;
  word: string;
}

/** The last word of a passage. `acc`: every token of it is the arg-max; `perplexity`: exp(-mean logprob) a word. */
function lambada(
  task: Pick<Task, 'name' | 'description' | 'source'>,
  file: string,
  read: (data: DataFolder) => Promise<LambadaDoc[]>,
) {
  return defineTask<LambadaDoc>({
    ...task,
    version: '1',
    metrics: [
      {
        name: 'perplexity',
        higherIsBetter: false,
        protocol: 'ppl/lm-eval-word',
        comparison: { test: 'bootstrap', score: 'logprob', scale: 'perplexity' },
      },
      { name: 'acc', higherIsBetter: true },
    ],
    files: [file],
    documents: read,
    /** Of the scored split itself, the document's own word not left out: the harness's definition names no other. */
    fewShot: {
      files: [file],
      documents: read,
      sampler: 'default',
      leavesOut: false,
      // The harness's target begins with a space of its own, behind the delimiter's.
      example: ({ context, word }) => ({ question: context, answer: ` ${word}` }),
    },
    requests: ({ context, word }) => [{ kind: 'logLikelihood', context, continuation: ` ${word}` }],
    score(_, results) {
      const [{ logprob, isGreedy }] = results.filter(isLogLikelihood);
      return { logprob, acc: Number(isGreedy) };
    },
    aggregate(scores) {
      const n = scores.length;
      const losses = scores.map(({ logprob }) => -logprob);
      const perDocument = losses.map(() => 1);
      return [
        { metric: 'perplexity', ...estimatePerplexity(losses, perDocument), n },
        { metric: 'acc', ...estimateMean(scores.map(({ acc }) => acc)), n },
      ];
    },
  });
}

export const lambadaOpenai = lambada(
  {
    name: 'lambada_openai',
    description: "The last word of a passage that needs the whole passage (OpenAI's text, test split)",
    source: 'Paperno et al. 2016; lm-evaluation-harness lambada_openai 1.0',
  },
  openaiFile,
  async (data) => {
    const rows = await readJsonLines(data, openaiFile);
    return rows.map((row) => splitLastWord(row.text('text'), row.fail));
  },
);

export const lambadaStandard = lambada(
  {
    name: 'lambada_standard',
    description: 'The last word of a passage that needs the whole passage (original tokenized text, test split)',
    source: 'Paperno et al. 2016; lm-evaluation-harness lambada_standard 1.0',
  },
  plainFile,
  async (data) => {
    const lines = await data.readLines(plainFile);
    return lines.map((text, index) => splitLastWord(text, (reason) => fail(`${plainFile}, line ${index + 1}`, reason)));
  },
);

function splitLastWord(text: string, refuse: (reason: string) => never): LambadaDoc {
  const gap = text.lastIndexOf(' ');
  if (gap < 0) refuse('its text is one word');
  return { context: text.slice(0, gap), word: text.slice(gap + 1) };
}
