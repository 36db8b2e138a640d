/** What the scheduler knows of a job that waits. */
export interface Waiting {
  subject: string;
  /** Must run while nothing else does: it may have taken the process down before. */
  alone: boolean;
}

/** What it knows of a slot. */
export interface Slot {
  /** Subject that its worker has loaded, or is loading. */
  loaded: string | undefined;
  busy: boolean;
  /** It runs a job that must have everything to itself. */
  alone: boolean;
}

export interface Choice {
  job: number;
  slot: number;
}

/**
 * The next job to start and the slot for it, both by index; undefined when nothing can start now. A free slot takes a job of its
 * own subject, else of a subject that no slot has, else of the subject with the most jobs waiting.
 */
export function chooseJob(waiting: readonly Waiting[], slots: readonly Slot[]): Choice | undefined {
  if (slots.some(({ busy, alone }) => busy && alone)) return undefined;
  const free = slots.flatMap(({ busy }, index) => (busy ? [] : [index]));
  const lone = waiting.findIndex(({ alone }) => alone);
  if (lone >= 0)
    return free.length === slots.length ? { job: lone, slot: pickSlot(free, slots, waiting[lone]) } : undefined;
  if (free.length === 0 || waiting.length === 0) return undefined;
  for (const slot of free) {
    const job = waiting.findIndex(({ subject }) => subject === slots[slot]?.loaded);
    if (job >= 0) return { job, slot };
  }
  const slot = free.find((index) => slots[index]?.loaded === undefined) ?? free[0];
  if (slot === undefined) return undefined;
  const unloaded = waiting.findIndex(({ subject }) => slots.every(({ loaded }) => loaded !== subject));
  return { job: unloaded >= 0 ? unloaded : mostWaiting(waiting), slot };
}

function pickSlot(free: readonly number[], slots: readonly Slot[], job: Waiting | undefined): number {
  return free.find((index) => slots[index]?.loaded === job?.subject) ?? 0;
}

function mostWaiting(waiting: readonly Waiting[]): number {
  const counts = new Map<string, number>();
  for (const { subject } of waiting) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return waiting.findIndex(({ subject }) => counts.get(subject) === most);
}
