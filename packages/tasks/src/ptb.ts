import { strip } from '@lowbit/core';
import type { DataFolder } from '@lowbit/core';
import { perplexity } from './perplexity.js';

const validation = 'ptb/ptb.valid.txt';
const test = 'ptb/ptb.test.txt';
const corpus = 'Marcus et al. 1993, preprocessed by Mikolov et al. 2010';

export const ptb = perplexity({
  name: 'ptb',
  version: '1',
  description: 'Penn Treebank perplexity, validation split, sentences joined by a blank line',
  source: `${corpus}; GPTQ get_ptb`,
  protocol: 'ppl/papers-{window}',
  files: [validation],
  documents: async (data) => [{ kind: 'windows', text: await join(data, validation, '\n\n'), window: 2048 }],
});

export const ptbNew = perplexity({
  name: 'ptb_new',
  version: '1',
  description: 'Penn Treebank perplexity, test split, sentences joined by a space',
  source: `${corpus}; GPTQ get_ptb_new, QuaRot`,
  protocol: 'ppl/papers-{window}',
  files: [test],
  documents: async (data) => [{ kind: 'windows', text: await join(data, test, ' '), window: 2048 }],
});

/** A sentence a line; the space that lines begin and end with is no part of it. */
async function join(data: DataFolder, file: string, separator: string): Promise<string> {
  return (await data.readLines(file)).map(strip).join(separator);
}
