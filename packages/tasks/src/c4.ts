import { perplexity } from './perplexity.js';
import { readJsonLines } from './rows.js';

/** The first shard of the validation split, a JSON object with `text` a line. */
const file = 'c4/c4-validation.00000-of-00008.json';
const corpus = 'Raffel et al. 2020';
const count = 256;

/** The sampler of the GPTQ and OmniQuant papers: most documents are too short for a window and never drawn. */
export const c4 = perplexity({
  name: 'c4',
  version: '1',
  description: `C4 perplexity of ${count} windows at random places of long documents (first validation shard, seed 0)`,
  source: `${corpus}; GPTQ get_c4, OmniQuant`,
  protocol: 'ppl/papers-{window}',
  files: [file],
  documents: async (data) => {
    const documents = (await readJsonLines(data, file)).map((row) => row.text('text'));
    return [{ kind: 'windows', cut: 'drawn', documents, window: 2048, count, seed: 0 }];
  },
});

export const c4New = perplexity({
  name: 'c4_new',
  version: '1',
  description: `C4 perplexity of the first 1,100 documents joined by spaces, ${count} windows (first validation shard)`,
  source: `${corpus}; GPTQ get_c4_new, QuaRot`,
  protocol: 'ppl/papers-{window}',
  files: [file],
  documents: async (data) => {
    const rows = await readJsonLines(data, file);
    const text = rows
      .slice(0, 1100)
      .map((row) => row.text('text'))
      .join(' ');
    return [{ kind: 'windows', text, window: 2048, count }];
  },
});
