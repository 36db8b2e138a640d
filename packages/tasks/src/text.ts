import type { Task } from '@lowbit/core';
import { perplexity } from './perplexity.js';
import { dropLastLineFeed } from './wikitext2.js';

/** Perplexity of any text file, by name: `text:PATH`, the path absolute or below the data folder. */
export const textTasks: Record<string, (path: string) => Task> = {
  text: (path) =>
    perplexity({
      name: `text:${path}`,
      version: '1',
      description: 'Perplexity of a text file as the quantization papers compute it (windows of equal length)',
      source: 'GPTQ, AWQ, SmoothQuant, QuaRot',
      protocol: 'ppl/papers-{window}',
      files: [path],
      documents: async (data) => [{ kind: 'windows', text: await data.readText(path), window: 2048 }],
    }),
  text_llama: (path) =>
    perplexity({
      name: `text_llama:${path}`,
      version: '1',
      description: "Perplexity of a text file as llama.cpp's tool computes it (second halves of chunks)",
      source: 'llama.cpp tools/perplexity',
      protocol: 'ppl/llama.cpp-{window}',
      files: [path],
      documents: async (data) => [
        { kind: 'windows', cut: 'llama.cpp', text: dropLastLineFeed(await data.readText(path)), window: 512 },
      ],
    }),
  text_strided: (path) =>
    perplexity({
      name: `text_strided:${path}`,
      version: '1',
      description: 'Perplexity of a text file by overlapping windows, tokens new to a window scored',
      source: 'Hugging Face, Perplexity of fixed-length models',
      protocol: 'ppl/strided-{window}-{stride}',
      files: [path],
      documents: async (data) => [
        { kind: 'windows', cut: 'strided', text: await data.readText(path), window: 1024, stride: 512 },
      ],
    }),
};
