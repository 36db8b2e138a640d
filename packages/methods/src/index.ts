import type { Method } from '@lowbit/core';
import { gptq } from './gptq.js';
import { rtn } from './rtn.js';

export { affineSpec, gridOptions } from './grid-options.js';
export type { GridOptions } from './grid-options.js';
export { presets } from './presets.js';
export { gptq, rtn };

/** Every method of this package: a new one is a file and a name here. */
export const methods: readonly Method[] = [rtn, gptq];
