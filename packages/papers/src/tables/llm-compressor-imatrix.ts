import { wikitext2 } from '../measures.js';
import { unknownMethod } from '../settings.js';
import { defineTable, series, uncovered } from '../table.js';
import { floatPerplexity, rtnPerplexity } from '../tolerances.js';

const eight = ['meta-llama/Llama-3.1-8B'] as const;
const line = (method: string, reason: string, value: number) =>
  uncovered(eight, { method, setting: 'W4A16, groups of 128', measure: wikitext2, reason }, [value]);
const unsaid = 'its README does not say what it was calibrated on';
const imatrix = unknownMethod('The importance-weighted clip search');

export const llmCompressorImatrix = defineTable({
  name: 'llm-compressor-imatrix',
  title: 'llm-compressor, imatrix README: W4A16 of Llama-3.1-8B',
  source: 'vllm-project/llm-compressor, examples/imatrix/README.md (1a59d0c)',
  notes: ['141 windows of 2,048 tokens.'],
  rows: [
    ...series(eight, { method: 'FP16', recipe: 'float', measure: wikitext2, tolerance: floatPerplexity }, [6.24]),
    ...series(eight, { method: 'RTN', recipe: 'rtn-w4-g128', measure: wikitext2, tolerance: rtnPerplexity }, [6.96]),
    ...line('GPTQ', unsaid, 6.92),
    ...line('AWQ', unsaid, 6.89),
    ...line('RTN, imatrix', imatrix, 6.85),
    ...line('GPTQ, imatrix', imatrix, 6.83),
  ],
});
