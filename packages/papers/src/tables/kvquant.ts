import { elsewhere, wikitext2 } from '../measures.js';
import { unknownTask } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { cachePerplexity, floatPerplexity } from '../tolerances.js';

const seven = ['huggyllama/llama-7b'] as const;
const ruler = (method: string, value: number) =>
  uncovered(
    ['Llama-2-7B-32K'],
    { method, setting: 'RULER', measure: elsewhere('RULER, mean', 'score'), reason: unknownTask('RULER') },
    [value],
  );

export const kvquant = defineTable({
  name: 'kvquant',
  title: 'KVQuant, table 1: a quantized cache on WikiText-2, and RULER',
  source: 'Hooper et al. 2024 (arXiv:2401.18079), table 1 as a digest quotes it, and its table of RULER',
  notes: [],
  rows: [
    ...series(seven, { method: 'fp16', recipe: 'float', measure: wikitext2, tolerance: floatPerplexity }, [5.68]),
    ...series(
      seven,
      {
        method: 'KVQuant, 3 bits, 1 %',
        recipe: 'kvquant-nuq3-1p',
        calibration: 'wikitext2,samples=16,sequenceLength=2048,seed=0',
        measure: wikitext2,
        tolerance: cachePerplexity,
        notes: ['Levels by k-means without Fisher weights, which need gradients.'],
      },
      [5.75],
    ),
    ...uncovered(
      seven,
      {
        method: 'int3',
        setting: 'integers of 3 bits',
        measure: wikitext2,
        reason: 'the digest does not say what shares a scale in the integer baseline',
      },
      [10.87],
    ),
    ...ruler('fp16', 56.4),
    ...ruler('KIVI-2', 39.78),
    ...ruler('KVQuant, 3 bits, 1 %', 53.65),
    ...ruler('KVQuant, 2 bits, 1 %', 36.54),
  ],
});
