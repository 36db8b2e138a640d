import type { Method } from '@lowbit/core';
import { activations } from './activations.js';
import { awq } from './awq.js';
import { gptq } from './gptq.js';
import { kv } from './kv.js';
import { kvquant } from './kvquant.js';
import { quarot } from './quarot.js';
import { rtn } from './rtn.js';
import { smoothquant } from './smoothquant.js';

export { findLeast } from './find-least.js';
export { affineSpec, gridOptionNames, gridOptions } from './grid-options.js';
export type { GridOptions } from './grid-options.js';
export { kMeans } from './k-means.js';
export type { WeightedPoints } from './k-means.js';
export { boundariesOf, normalFloatLevels, normaliseLevels, uniformLevels } from './levels.js';
export { presets } from './presets.js';
export { activations, awq, gptq, kv, kvquant, quarot, rtn, smoothquant };

/** Every method of this package: a new one is a file and a name here. */
export const methods: readonly Method[] = [rtn, gptq, awq, smoothquant, quarot, activations, kv, kvquant];
