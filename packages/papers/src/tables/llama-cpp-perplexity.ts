import { elsewhere, wikitext2Llama } from '../measures.js';
import { unknownMethod } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { floatPerplexity } from '../tolerances.js';

const eight = ['meta-llama/Meta-Llama-3-8B'] as const;
const types = ['q6_K', 'q4_K_M', 'q4_0', 'q3_K_M', 'q2_K'];
const floor = 'measured against a file of 16-bit log-probabilities, whose own floor is near 5e-4';

export const llamaCppPerplexity = defineTable({
  name: 'llama-cpp-perplexity',
  title: 'llama.cpp, perplexity README: Llama-3-8B',
  source: 'ggml-org/llama.cpp, tools/perplexity README (a copy)',
  notes: ["llama.cpp's rule, chunks of 512 tokens."],
  rows: [
    ...series(eight, { method: 'f16', recipe: 'float', measure: wikitext2Llama, tolerance: floatPerplexity }, [6.2332]),
    ...series(
      eight,
      {
        method: 'q8_0',
        recipe: 'rtn(bits=8,groupSize=32,grid=smoothquant,scaleType=float16,head=true,embeddings=true)',
        measure: wikitext2Llama,
        tolerance: floatPerplexity,
        notes: ['llama.cpp rounds the inputs of the products to 8 bits too, which this recipe does not.'],
      },
      [6.2343],
    ),
    ...types.flatMap((method, index) =>
      uncovered(
        eight,
        { method, setting: method, measure: wikitext2Llama, reason: unknownMethod(`llama.cpp's ${method}`) },
        [[6.2534, 6.4071, 6.7001, 6.8885, 9.7516][index] ?? NaN],
      ),
    ),
    ...['f16', 'q8_0', ...types].flatMap((method, index) =>
      uncovered(eight, { method, setting: method, measure: elsewhere('wikitext2_llama', 'kl'), reason: floor }, [
        [0.000551, 0.001355, 0.005452, 0.031273, 0.07194, 0.101913, 0.445132][index] ?? NaN,
      ]),
    ),
  ],
});
