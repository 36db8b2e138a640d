import type { Task } from '@lowbit/core';
import { arcChallenge, arcEasy } from './arc.js';
import { lambadaOpenai } from './lambada.js';
import { piqa } from './piqa.js';
import { storyContinuation } from './story-continuation.js';
import { tinystories } from './tinystories.js';
import { wikitext } from './wikitext.js';
import { wikitext2 } from './wikitext2.js';
import { winogrande } from './winogrande.js';

export { multipleChoice, type ChoiceDoc, type ChoiceTask } from './multiple-choice.js';
export { readJsonLines, readLabels, type Row } from './rows.js';

export const tasks: Task[] = [
  wikitext2,
  wikitext,
  piqa,
  arcEasy,
  arcChallenge,
  winogrande,
  lambadaOpenai,
  tinystories,
  storyContinuation,
];
