import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FromHost, ToHost } from './host.js';
import { exitStatus } from './exit-status.js';

/** Deaths in a row during which no cell was finished or blamed, before giving up. */
const fruitlessLimit = 2;

/**
 * Runs the command in a process of its own, because a native abort takes its process with it. A host that dies is
 * started again and told how often each cell was in flight at a death; what is finished lies in the store. Signals come
 * here: the first stops the host cleanly, the second at once. Returns the exit status.
 */
export async function supervise(entry: string, argv: readonly string[]): Promise<number> {
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'lowbit-'));
  const crashes = new Map<string, number>();
  let fruitless = 0;
  try {
    for (let start = 0; ; start++) {
      const inFlight = new Set<string>();
      const end = await runHost(
        entry,
        argv,
        { temporaryFolder, crashes: start === 0 ? undefined : [...crashes] },
        inFlight,
      );
      if (end.status !== undefined) return end.status;
      if (end.stopped) return exitStatus.interrupted;
      fruitless = inFlight.size > 0 ? 0 : fruitless + 1;
      for (const digest of inFlight) crashes.set(digest, (crashes.get(digest) ?? 0) + 1);
      const how = end.signal ?? `exit status ${end.code}`;
      if (fruitless >= fruitlessLimit) {
        await showGivingUp(how);
        return exitStatus.badInput;
      }
      process.stderr.write(
        `The process ended by ${how} with ${inFlight.size} ${inFlight.size === 1 ? 'cell' : 'cells'} in flight; going on with what is stored.\n`,
      );
    }
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

/** Loads what computes only here: this process does nothing but wait, and starts in a third of the time without it. */
async function showGivingUp(how: string): Promise<void> {
  const { LowbitError } = await import('@lowbit/core');
  const { showError } = await import('./show-error.js');
  showError(
    new LowbitError(
      'WORKER_LOST',
      `The process ended by ${how} before it could finish anything; look for what ends it (memory, a broken installation) and start it again.`,
    ),
  );
}

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  stopped: boolean;
  /** As the host told it; undefined when it died before. */
  status: number | undefined;
}

function runHost(
  entry: string,
  argv: readonly string[],
  begin: ToHost & { temporaryFolder: string },
  inFlight: Set<string>,
): Promise<End> {
  const host = fork(entry, argv, {
    env: { ...process.env, LOWBIT_HOST: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let stopped = false;
  const stop = (): void => {
    if (stopped) host.kill('SIGKILL');
    else host.send({ stop: true } satisfies ToHost, () => undefined);
    stopped = true;
  };
  let told: number | undefined;
  host.on('message', ({ started = [], ended = [], status }: FromHost) => {
    told ??= status;
    for (const digest of started) inFlight.add(digest);
    for (const digest of ended) inFlight.delete(digest);
  });
  host.send(begin, () => undefined);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return new Promise((resolve) => {
    host.on('close', (code, signal) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve({ code, signal, stopped, status: told });
    });
  });
}
