import { joinWikitext } from '@lowbit/core';
import { perplexity } from './perplexity.js';
import { splitPages } from './wikitext.js';

const file = 'wikitext2/wiki.test.raw';
const corpus = 'Merity et al. 2016';

/** The perplexity of the quantization papers. */
export const wikitext2 = perplexity({
  name: 'wikitext2',
  version: '1',
  description: 'WikiText-2 perplexity as the quantization papers compute it (raw test split, windows of equal length)',
  source: `${corpus}; GPTQ, AWQ, SmoothQuant, QuaRot`,
  protocol: 'ppl/papers-{window}',
  files: [file],
  documents: async (data) => [{ kind: 'windows', text: joinWikitext(await data.readText(file)), window: 2048 }],
});

export const wikitext2Llama = perplexity({
  name: 'wikitext2_llama',
  version: '1',
  description: "WikiText-2 perplexity as llama.cpp's tool computes it (the file as it is, second halves of chunks)",
  source: `${corpus}; llama.cpp tools/perplexity`,
  protocol: 'ppl/llama.cpp-{window}',
  files: [file],
  documents: async (data) => [
    { kind: 'windows', cut: 'llama.cpp', text: dropLastLineFeed(await data.readText(file)), window: 512 },
  ],
});

export const wikitext2Strided = perplexity({
  name: 'wikitext2_strided',
  version: '1',
  description: 'WikiText-2 perplexity by overlapping windows, tokens new to a window scored (raw test split)',
  source: `${corpus}; Hugging Face, Perplexity of fixed-length models`,
  protocol: 'ppl/strided-{window}-{stride}',
  files: [file],
  documents: async (data) => [
    { kind: 'windows', cut: 'strided', text: joinWikitext(await data.readText(file)), window: 1024, stride: 512 },
  ],
});

export const wikitext2Documents = perplexity({
  name: 'wikitext2_documents',
  version: '1',
  description: "WikiText-2 perplexity by page, each a window of its own cut to the model's context (raw test split)",
  source: corpus,
  protocol: 'ppl/documents-{window}',
  observed: 'document',
  files: [file],
  documents: async (data) =>
    splitPages(await data.readText(file)).map((text) => ({ kind: 'windows', cut: 'document', text })),
});

/** llama.cpp drops one where it reads a text file. */
export function dropLastLineFeed(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
