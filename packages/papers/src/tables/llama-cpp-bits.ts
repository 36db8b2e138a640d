import { elsewhere } from '../measures.js';
import { defineTable, uncovered } from '../table.js';

const bits: [method: string, value: number][] = [
  ['Q4_K_M', 4.8944],
  ['Q5_K_M', 5.7036],
  ['Q6_K', 6.5633],
  ['Q8_0', 8.5008],
  ['IQ2_XXS', 2.3824],
];

export const llamaCppBits = defineTable({
  name: 'llama-cpp-bits',
  title: 'llama.cpp, quantize README: bits per weight of Llama-3.1-8B',
  source: 'ggml-org/llama.cpp, tools/quantize README',
  notes: [],
  rows: bits.flatMap(([method, value]) =>
    uncovered(
      ['meta-llama/Llama-3.1-8B'],
      {
        method,
        setting: method,
        measure: elsewhere('file size', 'bitsPerWeight'),
        reason: 'it counts a whole GGUF file, Lowbit the layers that a recipe quantizes',
      },
      [value],
    ),
  ),
});
