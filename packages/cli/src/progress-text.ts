import type { JobProgress, RunEvent } from '@lowbit/core';

/** What has been seen of a run, and when: enough to say how fast it goes and how long it will take. */
export class ProgressClock {
  begin: number | undefined;
  done = 0;
  total = 0;
  /** Cells that were there when the run began; they say nothing about its speed. */
  kept = 0;
  label = '';
  current: JobProgress | undefined;
  /** When the current job told of itself first, and how far it was. */
  jobBegin = 0;
  jobFrom = 0;

  take(event: Exclude<RunEvent, { cells: string[] }>, now: number): void {
    this.begin ??= now;
    if (event.kind === 'planned') [this.done, this.kept, this.total] = [event.finished, event.finished, event.cells];
    else if (event.kind === 'cell') {
      [this.done, this.total] = [event.done, event.total];
      this.label = `${event.cell.recipe} ${event.cell.task}`;
      this.current = undefined;
    } else this.#takeProgress(event, now);
  }

  #takeProgress({ recipe, task, progress }: Extract<RunEvent, { kind: 'progress' }>, now: number): void {
    const label = task === 'quantize' ? `quantize ${progress.what}` : `${recipe} ${task}`;
    const isNew =
      this.current === undefined || progress.done < this.current.done || progress.total !== this.current.total;
    if (isNew) [this.jobBegin, this.jobFrom] = [now, progress.done];
    this.label = label;
    this.current = progress;
  }
}

/** `[3/14] gptq-w3 tinystories 45 %, 1,240 tokens/s, 0:32 left`. */
export function describeProgress(clock: ProgressClock, now: number): string {
  const { done, total, kept, label, current, begin = now } = clock;
  const share = current && current.total > 0 ? current.done / current.total : 0;
  const parts = [total > 0 ? `[${done}/${total}] ${label}`.trimEnd() : label];
  if (current) parts[0] += ` ${Math.floor(share * 100)} %`;
  const seconds = (now - clock.jobBegin) / 1000;
  if (current?.what === 'tokens' && current.done > clock.jobFrom && seconds > 0)
    parts.push(`${formatRate((current.done - clock.jobFrom) / seconds)} tokens/s`);
  const computed = done - kept + share;
  if (total > done && computed > 0)
    parts.push(`${formatClock(((now - begin) / 1000) * ((total - kept) / computed - 1))} left`);
  return parts.join(', ');
}

function formatRate(rate: number): string {
  return Math.round(rate)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const end = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${end}` : `${minutes}:${end}`;
}
