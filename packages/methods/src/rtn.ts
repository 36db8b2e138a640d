import { defineMethod, z } from '@lowbit/core';
import { chosenEnds, endOptions } from './end-options.js';
import { gridOptionNames, gridOptions, planGrids } from './grid-options.js';
import { roundLayers } from './round-layers.js';

const options = z
  .object({
    ...gridOptions,
    ...endOptions,
    arithmetic: z
      .enum(['float32', 'float16', 'bfloat16'])
      .default('float32')
      .describe('what every step is rounded to, scales and decoded weights included; symmetric grids only'),
  })
  .superRefine(({ arithmetic, symmetric, clip, scaleType, weightType }, context) => {
    if (arithmetic === 'float32') return;
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const remedy = 'leave it out, or arithmetic';
    if (!symmetric) refuse('symmetric', `Arithmetic=${arithmetic} is emulated for symmetric grids: ${remedy}`);
    if (clip !== 'off') refuse('clip', `Arithmetic=${arithmetic} is emulated without a clip search: ${remedy}`);
    for (const [name, type] of Object.entries({ scaleType, weightType }))
      if (type !== 'float32' && type !== arithmetic) refuse(name, `Arithmetic=${arithmetic} decides it: ${remedy}`);
  });

/** Round to nearest: a grid from the weights alone, every weight to its nearest code. The baseline of every table. */
export const rtn = defineMethod({
  name: 'rtn',
  version: '1',
  description: 'round to nearest on a grid fitted to the weights',
  source: 'the baseline of arXiv:2210.17323 and others; grids by name of their reference code',
  options,
  layerOptions: [...gridOptionNames, 'arithmetic'],
  ends: chosenEnds,
  acts: 'weights',
  bits: ({ bits }) => bits,
  plan: (_, { layers }) => ({
    grids: planGrids(layers).map(([linear, grid]) => {
      const type = layers.get(linear)?.arithmetic ?? 'float32';
      return [linear, type === 'float32' ? grid : { ...grid, scaleType: type, weightType: type }] as const;
    }),
  }),
  prepare: ({ embedding }, context) => roundLayers('rtn', embedding ? [embedding] : [], context),
  block: ({ layers }, context) => roundLayers('rtn', layers, context),
  finish: ({ head }, context) => roundLayers('rtn', head ? [head] : [], context),
});
