import type { Task } from '@lowbit/core';
import { arcChallenge, arcEasy } from './arc.js';
import { benchDecode } from './bench-decode.js';
import { c4, c4New } from './c4.js';
import { gsm8k } from './gsm8k.js';
import { hellaswag, hellaswagText } from './hellaswag.js';
import { lambadaOpenai, lambadaStandard } from './lambada.js';
import { mmlu } from './mmlu.js';
import { openbookqa } from './openbookqa.js';
import { piqa } from './piqa.js';
import { ptb, ptbNew } from './ptb.js';
import { retrieval } from './retrieval.js';
import { sciq } from './sciq.js';
import { storyContinuation } from './story-continuation.js';
import { boolq, cb, copa, rte, wic } from './super-glue.js';
import { tinystories } from './tinystories.js';
import { truthfulqaMc1, truthfulqaMc2 } from './truthfulqa.js';
import { wikitext } from './wikitext.js';
import { wikitext2, wikitext2Documents, wikitext2Llama, wikitext2Strided } from './wikitext2.js';
import { winogrande } from './winogrande.js';
import { wsc } from './wsc.js';

export { gsm8kFilters, normaliseAnswer } from './gsm8k.js';
export { groups } from './groups.js';
export { multipleChoice, type ChoiceDoc, type ChoiceTask } from './multiple-choice.js';
export { perplexity, type PerplexityTask } from './perplexity.js';
export { readJsonLines, readJsonList, readLabels, type Row } from './rows.js';
export { textTasks } from './text.js';
export { isTaskFile, loadTaskFiles } from './yaml/load-tasks.js';

export const tasks: Task[] = [
  wikitext2,
  wikitext2Llama,
  wikitext2Strided,
  wikitext2Documents,
  c4,
  c4New,
  ptb,
  ptbNew,
  wikitext,
  piqa,
  arcEasy,
  arcChallenge,
  winogrande,
  hellaswag,
  hellaswagText,
  openbookqa,
  sciq,
  boolq,
  cb,
  copa,
  rte,
  wic,
  wsc,
  truthfulqaMc1,
  truthfulqaMc2,
  lambadaOpenai,
  lambadaStandard,
  mmlu,
  gsm8k,
  retrieval,
  benchDecode,
  tinystories,
  storyContinuation,
];
