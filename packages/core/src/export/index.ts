import { awq } from './awq.js';
import { compressedTensors } from './compressed-tensors.js';
import type { ExportFormat } from './format.js';
import { gguf } from './gguf/gguf.js';
import { gptqV1, gptqV2 } from './gptq.js';
import { onnx } from './onnx/onnx.js';

/** The table of targets: a new one is a file and a row. */
export const exportFormats: readonly ExportFormat[] = [gptqV1, gptqV2, awq, compressedTensors, onnx, gguf];
