import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { LowbitError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { chooseJob } from './choose-job.js';
import type { Slot, Waiting } from './choose-job.js';
import type { Job, JobAnswer, JobProgress, JobResult, WorkerSetup } from './job.js';

export interface PoolOptions {
  /** Module whose default export runs a job. */
  worker: URL;
  /** One worker each. */
  slots: readonly WorkerSetup[];
  onProgress?: ((job: Job, progress: JobProgress) => void) | undefined;
}

interface Entry extends Waiting {
  job: Job;
  onStart: (() => void) | undefined;
  settle: (answer: JobAnswer<unknown>) => void;
  reject: (error: LowbitError) => void;
}

interface Worker extends Slot {
  pool: Piscina;
  entry: Entry | undefined;
}

/** A worker that dies costs its job one repetition; a second death fails it. */
const attempts = 2;

/** Workers with one loaded model each. Jobs wait here and not in piscina, so that each goes where its model is. */
export class JobPool {
  readonly #workers: Worker[];
  readonly #waiting: Entry[] = [];
  #closed = false;

  constructor(readonly options: PoolOptions) {
    this.#workers = options.slots.map((setup) => this.#openWorker(setup));
  }

  /** Rejects with the job's own error, WORKER_LOST when its workers died, or as closed. */
  async run<J extends Job>(
    job: J,
    { alone = false, onStart }: { alone?: boolean; onStart?: () => void } = {},
  ): Promise<JobResult<J>> {
    const answer = await new Promise<JobAnswer<unknown>>((settle, reject) => {
      this.#waiting.push({ job, subject: job.subject, alone, onStart, settle, reject });
      this.#dispatch();
    });
    if ('failure' in answer) throw new LowbitError(answer.failure.code as ErrorCode, answer.failure.message);
    return answer.result as JobResult<J>;
  }

  /**
   * Rejects what waits or runs, and ends the workers that are idle. A busy one is left alone: ending a thread inside
   * native code aborts the process, so whoever stops in the middle of work has to end the process itself.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopped());
    for (const { entry } of this.#workers) entry?.reject(stopped());
    await Promise.all(this.#workers.filter(({ busy }) => !busy).map(({ pool }) => pool.destroy()));
  }

  #openWorker(setup: WorkerSetup): Worker {
    const pool = new Piscina({
      filename: fileURLToPath(this.options.worker),
      minThreads: 1,
      maxThreads: 1,
      workerData: setup,
      execArgv: ownArguments(),
      // A worker asleep in Atomics.wait would keep its messages to itself.
      atomics: 'disabled',
    });
    const worker: Worker = { pool, loaded: undefined, busy: false, alone: false, entry: undefined };
    pool.on('message', (progress: JobProgress) => {
      if (worker.entry) this.options.onProgress?.(worker.entry.job, progress);
    });
    // Its job is rejected as well; without a listener the event would end the process.
    pool.on('error', () => undefined);
    return worker;
  }

  #dispatch(): void {
    if (this.#closed) return;
    const choice = chooseJob(this.#waiting, this.#workers);
    if (choice === undefined) return;
    const worker = this.#workers[choice.slot] as Worker;
    const [entry] = this.#waiting.splice(choice.job, 1) as [Entry];
    worker.busy = true;
    worker.alone = entry.alone;
    worker.loaded = entry.subject;
    worker.entry = entry;
    entry.onStart?.();
    void this.#start(worker, entry).finally(() => {
      worker.busy = false;
      worker.entry = undefined;
      this.#dispatch();
    });
    this.#dispatch();
  }

  async #start(worker: Worker, entry: Entry): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        const answer: unknown = await worker.pool.run({ ...entry.job, attempt: entry.job.attempt + attempt });
        return entry.settle(answer as JobAnswer<unknown>);
      } catch (cause) {
        if (this.#closed) return entry.reject(stopped());
        const reason = cause instanceof Error ? cause.message : String(cause);
        if (attempt + 1 === attempts)
          entry.reject(
            new LowbitError(
              'WORKER_LOST',
              `Expected a worker to finish ${describe(entry.job)}, but ${attempts} died on it (${reason}); give it more memory or leave it out.`,
              { cause },
            ),
          );
      }
    }
  }
}

/**
 * Arguments to node of this process without the module loaders of whoever embeds it, for threads and processes of ours: they
 * need none, and each costs a second.
 */
export function ownArguments(): string[] {
  return process.execArgv.filter((argument) => !argument.startsWith('--import='));
}

function describe(job: Job): string {
  switch (job.kind) {
    case 'eval':
      return `${job.cell.task} of ${job.cell.recipe}`;
    case 'quantize':
      return `the quantization by ${job.recipes.map(({ name }) => name).join(', ')}`;
    case 'score':
      return 'the scores';
  }
}

/** Never shown: whoever closes the pool knows why. */
function stopped(): LowbitError {
  return new LowbitError('WORKER_LOST', 'The run was stopped before this job was done; start it again.');
}
