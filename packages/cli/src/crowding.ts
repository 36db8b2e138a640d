import { cpus } from 'node:os';

/** Milliseconds: of the wall, of all processors while they computed, and of this process. */
export interface Clocks {
  wall: number;
  busy: number;
  own: number;
  cores: number;
}

export function readClocks(): Clocks {
  const times = cpus().map((core) => core.times);
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), busy, own: (user + system) / 1000, cores: times.length };
}

/**
 * What other processes took, since `begin`, of the processors that so many threads could have had: 0 where there were enough
 * for all, 1 where these had none.
 */
export function crowdingSince(begin: Clocks, threads: number, end = readClocks()): number {
  const others = (end.busy - begin.busy - (end.own - begin.own)) / (end.wall - begin.wall);
  return Math.min(1, Math.max(0, (others + threads - end.cores) / threads));
}
