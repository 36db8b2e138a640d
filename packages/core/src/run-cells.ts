import { LowbitError } from './errors.js';
import type { ErrorCode } from './errors.js';
import type { Plan, PlannedCell } from './plan.js';
import type { Failure } from './pool/job.js';
import type { RunEvent } from './run.js';
import type { RunStore } from './store/run-store.js';
import type { CellResult, TaskRecord } from './store/types.js';

/** A process that died this often with the same cell in flight is not asked a third time. */
const crashLimit = 2;

/** Which cells of a plan are done, which wait, which are in flight. */
export class CellBook {
  #done: number;

  private constructor(
    readonly store: RunStore,
    readonly plan: Plan,
    /** In plan order, as the run began. */
    readonly pending: readonly PlannedCell[],
    readonly onEvent: (event: RunEvent) => void,
    readonly crashes: ReadonlyMap<string, number>,
  ) {
    this.#done = plan.cells.length - pending.length;
  }

  /**
   * Failed cells get another chance with each new start, but not when the process was only started again; measurements are
   * made again where asked.
   */
  static async open(
    store: RunStore,
    plan: Plan,
    onEvent: (event: RunEvent) => void,
    crashes?: ReadonlyMap<string, number>,
    measureAgain = false,
  ): Promise<CellBook> {
    const pending: PlannedCell[] = [];
    const measured = new Set(plan.tasks.flatMap(({ record }) => (isMeasured(record) ? [record.name] : [])));
    for (const cell of plan.cells) {
      const known = await store.readCell(cell);
      const isOld = measureAgain && crashes === undefined && measured.has(cell.task);
      if (known === undefined || isOld || (known.status === 'failed' && crashes === undefined)) pending.push(cell);
    }
    const lost = pending.filter(({ digest }) => (crashes?.get(digest) ?? 0) >= crashLimit);
    const book = new CellBook(
      store,
      plan,
      pending.filter((cell) => !lost.includes(cell)),
      onEvent,
      crashes ?? new Map(),
    );
    book.#done -= lost.length;
    for (const cell of lost)
      await book.fail(
        cell,
        new LowbitError(
          'WORKER_LOST',
          `The process died ${crashLimit} times while ${cell.task} of ${cell.recipe} was computed; give it more memory or leave it out.`,
        ),
      );
    return book;
  }

  crashesOf({ digest }: PlannedCell): number {
    return this.crashes.get(digest) ?? 0;
  }

  /** Tells when work on these cells begins and ends, so that a supervisor knows what a crash cost. */
  async inFlight<T>(cells: readonly PlannedCell[], work: (onStart: () => void) => Promise<T>): Promise<T> {
    const digests = cells.map(({ digest }) => digest);
    try {
      return await work(() => this.onEvent({ kind: 'started', cells: digests }));
    } finally {
      this.onEvent({ kind: 'ended', cells: digests });
    }
  }

  async finish(cell: CellResult, samples: string | undefined): Promise<void> {
    await this.store.writeCell(cell, samples);
    this.#done++;
    this.onEvent({ kind: 'cell', cell, done: this.#done, total: this.plan.cells.length });
  }

  async fail({ digest, model, recipe, task }: PlannedCell, { code, message }: LowbitError): Promise<void> {
    const cell: CellResult = {
      formatVersion: 1,
      ...{ digest, model, recipe, task },
      status: 'failed',
      error: { code, message },
      rows: [],
      counts: { documents: 0, tokens: 0, computedTokens: 0, tokenSha256: '' },
      layers: [],
      seconds: { quantize: 0, load: 0, score: 0 },
      peakMemoryBytes: 0,
    };
    await this.finish(cell, undefined);
  }

  revive({ code, message }: Failure): LowbitError {
    return new LowbitError(code as ErrorCode, message);
  }
}

/** Whether a task's figures are of this machine and execution. */
export function isMeasured(task: Pick<TaskRecord, 'metrics'> | undefined): boolean {
  return task?.metrics.some(({ measured }) => measured) ?? false;
}
