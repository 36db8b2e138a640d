import { c4New, elevenTasks, elsewhere, ptbNew, wikitext2, wordPerplexity } from '../measures.js';
import type { Measure } from '../measures.js';
import type { ModelId } from '../models.js';
import { insteadOfPile, unknownFamily, unknownMethod } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { floatMean, floatOddText, floatPerplexity, quantizedMean } from '../tolerances.js';

const texts: [Measure, typeof floatPerplexity][] = [
  [wikitext2, floatPerplexity],
  [ptbNew, floatOddText],
  [c4New, floatPerplexity],
  [wordPerplexity, floatPerplexity],
];
const float = (model: ModelId, values: readonly number[]) =>
  values.flatMap((value, index) => {
    const [measure, tolerance] = texts[index] ?? [wikitext2, floatPerplexity];
    return series([model], { method: 'FP16', recipe: 'float', measure, tolerance }, [value]);
  });
const phi = [9.71, 18.16, 14.12, 11.05].flatMap((value, index) =>
  uncovered(
    ['phi-2'],
    { method: 'FP16', setting: 'float', measure: texts[index]?.[0] ?? wikitext2, reason: unknownFamily('Phi') },
    [value],
  ),
);

const seven = ['meta-llama/Llama-2-7b-hf'] as const;
const pile = 'It calibrates on 512 samples of pile-10k; C4 in the same number and length here.';
const quantized = { measure: elevenTasks, tolerance: quantizedMean };
const unknown = (method: string, reason: string, value: number) =>
  uncovered(seven, { method, setting: 'W4, a scale a channel', measure: elevenTasks, reason }, [value]);
const minimum = 'the recipe of its W2g32 runs is not stated beyond the grid';
const w2 = (model: string, values: [number, number, number]) =>
  ['GPTQ, symmetric', 'GPTQ, asymmetric', 'full-range symmetric'].flatMap((method, index) =>
    uncovered(
      [model],
      {
        ...{ method, setting: 'W2g32', measure: elsewhere('mean of 10 tasks', 'acc') },
        reason: method.startsWith('full') ? unknownMethod('The full-range symmetric grid') : minimum,
      },
      [values[index] ?? NaN],
    ),
  );

export const autoRound = defineTable({
  name: 'auto-round',
  title: "auto-round's documentation: float texts, and eleven tasks at 4 bits",
  source: 'intel/auto-round, paper_acc.md (795a47f) and full_range_sym.md',
  notes: ['Means of eleven tasks by acc, without examples; of the float row 637.75 / 11 = 57.98.'],
  rows: [
    ...float('meta-llama/Llama-2-7b-hf', [5.47, 37.92, 7.26, 8.79]),
    ...float('meta-llama/Llama-2-13b-hf', [4.88, 50.93, 6.73, 7.9]),
    ...float('mistralai/Mistral-7B-v0.1', [5.25, 35.0, 8.38]),
    ...phi,
    ...unknown('HQQ', unknownMethod('HQQ'), 46.05),
    ...series(
      seven,
      {
        method: 'GPTQ',
        recipe: 'gptq-llama-w4',
        calibration: insteadOfPile(512, 2048),
        ...quantized,
        notes: [pile],
      },
      [56.76],
    ),
    ...series(
      seven,
      {
        method: 'AWQ',
        recipe: 'awq(bits=4,granularity=channel)',
        calibration: insteadOfPile(512),
        ...quantized,
        notes: [pile],
      },
      [57.25],
    ),
    ...unknown('OmniQuant', unknownMethod('OmniQuant'), 56.62),
    ...series(seven, { method: 'RTN', recipe: 'rtn(bits=4,grid=awq,symmetric=false)', ...quantized }, [55.49]),
    ...unknown('AutoRound', unknownMethod('AutoRound'), 57.48),
    ...series(seven, { method: 'FP16', recipe: 'float', measure: elevenTasks, tolerance: floatMean }, [57.98]),
    ...w2('Llama-3.1-8B-Instruct', [0.45, 0.528, 0.5381]),
    ...w2('Qwen2-7B', [0.5229, 0.5559, 0.5486]),
  ],
});
