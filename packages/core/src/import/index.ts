import { awq } from './awq.js';
import { compressedTensors } from './compressed-tensors.js';
import { gptq } from './gptq.js';
import type { ImportFormat } from './import-format.js';

/** The table of checkpoints that other tools quantized, by `quant_method`. */
export const importFormats: readonly ImportFormat[] = [gptq, awq, compressedTensors];
