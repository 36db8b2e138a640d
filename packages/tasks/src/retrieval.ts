import { defineTask, PythonRandom, type GenerateResult } from '@lowbit/core';

const seed = 0;
const lengths = [256, 512, 1024, 2048, 4096, 8192];
const depths = [0, 0.25, 0.5, 0.75, 1];
const mark = '\uE000';

interface RetrievalDoc {
  /** Tokens of the whole, prompt and answer. */
  tokens: number;
  /** Share of the idle text that stands before the key. */
  depth: number;
  key: number;
}

/** A number, hidden in idle text of so many tokens, is asked for. Without data; lengths beyond the context are left out. */
export const retrieval = defineTask<RetrievalDoc>({
  name: 'retrieval',
  version: '1',
  description: `A pass key, hidden at ${depths.length} depths of ${lengths[0]} tokens to the model's context (at most ${lengths.at(-1)}), asked for at the end`,
  source: `Mohtashami and Jaggi 2023 (passkey retrieval), the task told in fewer words, keys by Python's generator, seed ${seed}`,
  metrics: [{ name: 'acc', higherIsBetter: true }],
  files: [],
  async documents() {
    const random = new PythonRandom(seed);
    return lengths.flatMap((tokens) => depths.map((depth) => ({ tokens, depth, key: random.randint(10_000, 99_999) })));
  },
  contextTokens: ({ tokens }) => tokens,
  subset: ({ tokens }) => `${tokens} tokens`,
  requests: ({ tokens, depth, key }) => [
    {
      kind: 'generate',
      prompt:
        'There is an important info hidden inside a lot of irrelevant text. Find it and memorize it.\n' +
        `${mark}\nThe pass key is ${key}. Remember it. ${key} is the pass key.${mark}\n` +
        'What is the pass key? The pass key is',
      fill: {
        ...{ place: mark, tokens, depth },
        text: '\nThe grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.',
      },
      ...{ until: ['\n'], maxTokens: 16 },
    },
  ],
  score({ key }, results) {
    const [{ text }] = results.filter((result): result is GenerateResult => result.kind === 'generate');
    // The first number; digits of other scripts are no numbers here.
    return { acc: Number(/[0-9]+/.exec(text)?.[0] === String(key)) };
  },
});
