import type { EvalJob } from './job.js';

/**
 * For tests of what a lost worker costs. `LOWBIT_TEST_CRASH=INDEX:HOW:TIMES` ends the worker thread (`exit`) or the whole
 * process (`abort`) at the start of the cell of that place in the plan, the first TIMES times that it is begun.
 */
export function crashForTest({ index, attempt }: EvalJob): void {
  const [cell, how, times = '1'] = process.env['LOWBIT_TEST_CRASH']?.split(':') ?? [];
  if (cell === undefined || Number(cell) !== index || attempt >= Number(times)) return;
  if (how === 'exit') process.exit(1);
  // A worker thread may not call abort itself; this is how a native one looks from outside.
  process.kill(process.pid, 'SIGABRT');
}
