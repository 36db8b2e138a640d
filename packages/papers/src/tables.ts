import { LowbitError, nearestName } from '@lowbit/core';
import type { PaperTable } from './table.js';
import { aqlmReadme } from './tables/aqlm-readme.js';
import { autoRound } from './tables/auto-round.js';
import { awqLlama3 } from './tables/awq-llama3.js';
import { awqT4 } from './tables/awq-t4.js';
import { gptqForLlama } from './tables/gptq-for-llama.js';
import { gptqReadme } from './tables/gptq-readme.js';
import { gptqT3 } from './tables/gptq-t3.js';
import { kiviLongbench } from './tables/kivi-longbench.js';
import { kiviT3 } from './tables/kivi-t3.js';
import { kvquant } from './tables/kvquant.js';
import { llamaCppBits } from './tables/llama-cpp-bits.js';
import { llamaCppPerplexity } from './tables/llama-cpp-perplexity.js';
import { llmCompressorImatrix } from './tables/llm-compressor-imatrix.js';
import { magrT6 } from './tables/magr-t6.js';
import { magrT9 } from './tables/magr-t9.js';
import { omniquant } from './tables/omniquant.js';
import { quarotT1 } from './tables/quarot-t1.js';
import { quarotT2 } from './tables/quarot-t2.js';
import { sliderquant } from './tables/sliderquant.js';
import { smoothquantReadme } from './tables/smoothquant-readme.js';
import { spinquantReadme } from './tables/spinquant-readme.js';
import { smollm2 } from './tables/smollm2.js';
import { stories260k } from './tables/stories260k.js';
import { torchaoAwq } from './tables/torchao-awq.js';

/** Every table, papers first, then stand-ins. */
export const tables: readonly PaperTable[] = [
  gptqT3,
  gptqReadme,
  gptqForLlama,
  awqT4,
  awqLlama3,
  smoothquantReadme,
  quarotT1,
  quarotT2,
  spinquantReadme,
  omniquant,
  magrT6,
  magrT9,
  sliderquant,
  autoRound,
  kiviT3,
  kiviLongbench,
  kvquant,
  llmCompressorImatrix,
  torchaoAwq,
  llamaCppPerplexity,
  llamaCppBits,
  aqlmReadme,
  stories260k,
  smollm2,
];

/** USAGE, with the nearest name, where there is none. */
export function findTable(name: string): PaperTable {
  const table = tables.find((each) => each.name === name);
  if (table) return table;
  const names = tables.map((each) => each.name);
  const near = nearestName(name, names);
  throw new LowbitError(
    'USAGE',
    `Expected a table of lowbit reproduce list, got '${name}'; ${near === undefined ? `known: ${names.join(', ')}` : `did you mean '${near}'?`}`,
  );
}
