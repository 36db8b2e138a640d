import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { LowbitError } from '../errors.js';

interface Holder {
  pid: number;
  host: string;
  /** Start of the process in clock ticks since boot, where /proc tells; process ids come again. */
  started: string;
}

/** Milliseconds: a process that lost its supervisor may need this long to notice and end. */
const patience = 5000;

/** One writer a run folder: a file with the writer's process. Returns the release. Throws RUN_LOCKED. */
export async function lockRun(path: string, wait = patience): Promise<() => Promise<void>> {
  const own: Holder = { pid: process.pid, host: hostname(), started: await readStart(process.pid) };
  const begin = performance.now();
  while (!(await tryWrite(path, own))) {
    const holder = await readHolder(path);
    if (!holder || !(await isAlive(holder))) await rm(path, { force: true });
    else if (performance.now() - begin < wait) await setTimeout(100);
    else
      throw new LowbitError(
        'RUN_LOCKED',
        `Expected to be the only writer of this run, but process ${holder.pid} on ${holder.host} holds ${path}; wait for it, or remove the file if that process is gone.`,
      );
  }
  return () => rm(path, { force: true });
}

/** False where the file is there already. */
async function tryWrite(path: string, own: Holder): Promise<boolean> {
  try {
    await writeFile(path, `${JSON.stringify(own)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined for a lock that was cut off while it was written: its writer is dead. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    const { pid, host, started } = holder;
    return typeof pid === 'number' && typeof host === 'string' && typeof started === 'string'
      ? { pid, host, started }
      : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return (await readStart(pid)) === started;
}

async function readStart(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command's name, in parentheses, may hold spaces; the 22nd field is the 20th after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
