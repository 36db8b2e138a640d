import { createLogUpdate } from 'log-update';
import type { RunEvent } from '@lowbit/core';
import { describeProgress, ProgressClock } from './progress-text.js';

type Shown = Exclude<RunEvent, { cells: string[] }>;

export interface Progress {
  show(event: Shown): void;
  /** A line that stays. */
  say(line: string): void;
  close(): void;
}

/** Milliseconds between repaints of a terminal's line, and between lines elsewhere. */
const repaint = 100;
const lineEvery = 3000;

/** Progress on standard error: one line that is painted anew on a terminal, plain lines now and then elsewhere. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const isTerminal = stream.isTTY === true;
  const paint = isTerminal ? createLogUpdate(stream) : undefined;
  const clock = new ProgressClock();
  let last = -Infinity;

  function say(line: string): void {
    paint?.clear();
    stream.write(`${line}\n`);
  }

  return {
    say,
    show(event) {
      const now = performance.now();
      clock.take(event, now);
      if (event.kind === 'planned') for (const note of event.notes) say(`Note: ${note}`);
      if (event.kind === 'cell' && event.cell.error)
        say(`Failed: ${event.cell.recipe} on ${event.cell.task}: ${event.cell.error.message}`);
      const isLast = event.kind === 'cell' && event.done === event.total;
      if (now - last < (isTerminal ? repaint : lineEvery) && !isLast) return;
      last = now;
      const line = describeProgress(clock, now);
      if (paint) paint(line);
      else stream.write(`${line}\n`);
    },
    close() {
      paint?.clear();
      paint?.done();
    },
  };
}
