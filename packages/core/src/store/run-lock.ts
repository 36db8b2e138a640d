import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { LowbitError } from '../errors.js';
import { partSuffix } from './atomic-write.js';

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
    const text = await readText(path);
    if (text === undefined) continue;
    const holder = parseHolder(text);
    if (!holder || !(await isAlive(holder))) await removeStale(path, text, wait);
    else if (performance.now() - begin < wait) await setTimeout(100);
    else
      throw new LowbitError(
        'RUN_LOCKED',
        `Expected to be the only writer of this run, but process ${holder.pid} on ${holder.host} holds ${path}; wait for it, or remove the file if that process is gone.`,
      );
  }
  return () => rm(path, { force: true });
}

/** False where the file is there already. Linked into place with its content: nobody reads an empty lock. */
async function tryWrite(path: string, own: Holder): Promise<boolean> {
  const part = nameBeside(path, own);
  await writeFile(part, format(own));
  try {
    await link(part, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      // A file system without links: the moment in which the file is empty is short.
      return writeFile(path, format(own), { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}

/**
 * Takes the lock of a dead writer away. Only who holds a second lock may: of several who wait, one was quicker, and another
 * writer's lock may stand here by now, which nobody touches.
 */
async function removeStale(path: string, dead: string, wait: number): Promise<void> {
  const release = await lockRun(`${path}.stale`, wait);
  try {
    if ((await readText(path)) === dead) await rm(path, { force: true });
  } finally {
    await release();
  }
}

let calls = 0;

function nameBeside(path: string, { pid, started }: Holder): string {
  return `${path}.${pid}-${started}-${calls++}${partSuffix}`;
}

function format({ pid, host, started }: Holder): string {
  return `${JSON.stringify({ pid, host, started })}\n`;
}

/** Undefined where there is no lock. */
function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Undefined for a lock that was cut off while it was written. */
function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Holder>;
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
