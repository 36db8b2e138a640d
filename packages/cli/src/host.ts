/** What the supervisor tells the host. */
export interface ToHost {
  /** First message: where temporary files go, and how often each cell was in flight at a death. */
  temporaryFolder?: string;
  crashes?: [digest: string, times: number][] | undefined;
  /** Stop cleanly. */
  stop?: boolean;
}

/** What the host tells the supervisor. */
export interface FromHost {
  started?: string[];
  ended?: string[];
  /** Last message: the command's exit status, whatever happens while the process is torn down. */
  status?: number;
}

/** What a command may know of the process that it runs in. */
export interface Host {
  temporaryFolder: string;
  /** Present when the process was started again. */
  crashes: ReadonlyMap<string, number> | undefined;
  signal: AbortSignal;
  tell(message: FromHost): void;
}

/** Connects to the supervisor. The process ends at once when the supervisor disappears: nobody would collect its result. */
export function connectHost(): Promise<Host> {
  const controller = new AbortController();
  // A terminal sends its signals to both processes; the supervisor decides.
  process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
  const end = (): void => void process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', end);
  if (!process.connected) end();
  return new Promise((resolve) => {
    process.on('message', ({ temporaryFolder, crashes, stop }: ToHost) => {
      if (stop) controller.abort();
      if (temporaryFolder === undefined) return;
      resolve({
        temporaryFolder,
        crashes: crashes && new Map(crashes),
        signal: controller.signal,
        tell: (message) => void process.send?.(message),
      });
    });
  });
}

/** The command is done. A worker may still be inside native code then, so what did not end well ends at once. */
export function endHost(status: number, atOnce: boolean): void {
  process.removeAllListeners('disconnect');
  process.send?.({ status } satisfies FromHost, () => {
    if (atOnce) process.kill(process.pid, 'SIGKILL');
    else process.disconnect();
  });
}
