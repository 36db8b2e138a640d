import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LowbitError, ownArguments } from '@lowbit/core';
import { isSameCell } from '@lowbit/history';
import type { Trial } from '@lowbit/history';
import type { CellName, FailedMeasurement, MeasureAnswer, MeasureRequest } from './measure-process.js';

export interface Measured {
  trials: Trial[];
  failed: FailedMeasurement[];
}

/**
 * Measures in a process of its own. What could be measured before it broke down is returned, with the reason as a failure of
 * all the rest. Undefined where it was stopped.
 */
export function measure(
  request: MeasureRequest,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Measured | undefined> {
  const child = fork(fileURLToPath(new URL('./measure-process.js', import.meta.url)), {
    execArgv: ownArguments(),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const measured: Measured = { trials: [], failed: [] };
  let isDone = false;
  const stop = (): void => void child.kill('SIGKILL');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  child.on('error', () => undefined);
  child.send(request, () => undefined);
  return new Promise((resolve, reject) => {
    child.on('message', (answer: MeasureAnswer) => {
      if (answer.kind === 'error') reject(new LowbitError(answer.code, answer.message));
      else if (answer.kind === 'done') isDone = true;
      else {
        measured.trials.push(...answer.figures);
        measured.failed.push(...answer.failed);
        for (const { recipe, task, reason } of answer.failed) say(`${recipe} on ${task} was not measured: ${reason}`);
        say(`Measured ${answer.done} of ${answer.total}`);
      }
    });
    child.on('close', (code, ended) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) return resolve(undefined);
      const reason = `The measuring process ended by ${ended ?? `exit status ${code}`}; look for what ends it (memory, a broken kernel).`;
      if (!isDone) {
        say(reason);
        const isUnknown = (cell: CellName): boolean => !measured.trials.some((trial) => isSameCell(trial, cell));
        measured.failed.push(...request.cells.filter(isUnknown).map((cell) => ({ ...cell, reason })));
      }
      resolve(measured);
    });
  });
}
