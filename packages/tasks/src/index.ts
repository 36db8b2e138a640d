import type { Task } from '@lowbit/core';
import { arcChallenge, arcEasy } from './arc.js';
import { hellaswag, hellaswagText } from './hellaswag.js';
import { lambadaOpenai, lambadaStandard } from './lambada.js';
import { openbookqa } from './openbookqa.js';
import { piqa } from './piqa.js';
import { sciq } from './sciq.js';
import { storyContinuation } from './story-continuation.js';
import { boolq, cb, copa, rte, wic } from './super-glue.js';
import { tinystories } from './tinystories.js';
import { truthfulqaMc1, truthfulqaMc2 } from './truthfulqa.js';
import { wikitext } from './wikitext.js';
import { wikitext2 } from './wikitext2.js';
import { winogrande } from './winogrande.js';
import { wsc } from './wsc.js';

export { groups } from './groups.js';
export { multipleChoice, type ChoiceDoc, type ChoiceTask } from './multiple-choice.js';
export { readJsonLines, readJsonList, readLabels, type Row } from './rows.js';

export const tasks: Task[] = [
  wikitext2,
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
  tinystories,
  storyContinuation,
];
