import { defineMethod, z } from '@lowbit/core';
import { chosenEnds, endOptions } from './end-options.js';
import { gridOptionNames, gridOptions } from './grid-options.js';
import { roundLayers } from './round-layers.js';

/** Round to nearest: a grid from the weights alone, every weight to its nearest code. The baseline of every table. */
export const rtn = defineMethod({
  name: 'rtn',
  version: '1',
  description: 'round to nearest on a grid fitted to the weights',
  source: 'the baseline of arXiv:2210.17323 and others; grids by name of their reference code',
  options: z.object({ ...gridOptions, ...endOptions }),
  layerOptions: gridOptionNames,
  ends: chosenEnds,
  acts: 'weights',
  bits: ({ bits }) => bits,
  prepare: ({ embedding }, context) => roundLayers('rtn', embedding ? [embedding] : [], context),
  block: ({ layers }, context) => roundLayers('rtn', layers, context),
  finish: ({ head }, context) => roundLayers('rtn', head ? [head] : [], context),
});
