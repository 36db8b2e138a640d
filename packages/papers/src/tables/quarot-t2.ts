import { zeroShot } from '../measures.js';
import { fromWikitext2 } from '../settings.js';
import { defineTable, series } from '../table.js';
import type { Measure } from '../measures.js';
import { floatAccuracy, floatMean, quantizedAccuracy, quantizedMean } from '../tolerances.js';

const { mean, ...six } = zeroShot;
const tasks: Measure[] = [...Object.values(six), mean];
const seven = ['meta-llama/Llama-2-7b-hf'] as const;

/** A line of the paper is a recipe with a value for each task. */
function line(method: string, recipe: string, calibration: string | undefined, values: readonly number[]) {
  return tasks.flatMap((measure, index) => {
    const isMean = measure === mean;
    const tolerance =
      recipe === 'float' ? (isMean ? floatMean : floatAccuracy) : isMean ? quantizedMean : quantizedAccuracy;
    return series(seven, { method, recipe, calibration, measure, tolerance }, [values[index] ?? NaN]);
  });
}

export const quarotT2 = defineTable({
  name: 'quarot-t2',
  title: 'QuaRot, table 2: zero-shot tasks of Llama-2-7B',
  source: 'Ashkboos et al. 2024 (arXiv:2404.00456), table 2',
  notes: [
    'accNorm where a task has it, else acc (WinoGrande, LAMBADA), and so in the mean: its six float figures have the mean 69.82.',
  ],
  rows: [
    ...line('FP16', 'float', undefined, [79.11, 69.06, 75.99, 74.58, 46.25, 73.9, 69.82]),
    ...line('QuaRot, W4A4KV4', 'quarot-w4a4kv4-gptq', fromWikitext2, [76.77, 63.77, 72.16, 69.87, 40.87, 70.39, 65.64]),
  ],
});
