import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Milliseconds: of the wall, of all processors while they computed, of this process, and what a host gave to others. */
export interface Clocks {
  wall: number;
  busy: number;
  own: number;
  /** Time in which a processor had work and its host ran another guest; 0 where the system does not tell. */
  stolen: number;
  cores: number;
}

export function readClocks(): Clocks {
  const times = cpus().map((core) => core.times);
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0);
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), busy, own: (user + system) / 1000, stolen: readStolen(), cores: times.length };
}

/** The eighth figure of the first line of /proc/stat, in hundredths of a second (proc(5)). */
function readStolen(): number {
  try {
    return 10 * Number(readFileSync('/proc/stat', 'utf8').split(/\s+/, 9)[8] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * What others took, since `begin`, of the processors that so many threads could have had: 0 where there were enough for all,
 * 1 where these had none. Others are the processes beside this one, and a host's other guests.
 */
export function crowdingSince(begin: Clocks, threads: number, end = readClocks()): number {
  const [own, stolen] = [end.own - begin.own, end.stolen - begin.stolen];
  const others = (end.busy - begin.busy - own) / (end.wall - begin.wall);
  const wanted = Math.min(threads, end.cores);
  const taken = Math.max(0, (others + wanted - end.cores) / wanted);
  const lost = stolen > 0 ? stolen / (stolen + own) : 0;
  return Math.min(1, taken + lost);
}
