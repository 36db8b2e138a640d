import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError } from './errors.js';
import type { PlannedCell } from './plan.js';
import type { EvalJob } from './pool/job.js';

/** Why a float cell cannot be compared with; undefined: it can. */
type Failure = LowbitError | undefined;

/** Float cells whose states are kept, so that the other recipes' cells can be compared with them in their own passes. */
export class Baselines {
  readonly #ready = new Map<string, Promise<Failure>>();

  constructor(
    readonly folder: string,
    /** That are to be computed. */
    readonly pending: readonly PlannedCell[],
  ) {}

  /** Digests of the float cells that pending cells of a model are compared with. */
  wantedBy(model: string): string[] {
    const cells = this.pending.filter((cell) => cell.model === model);
    return [...new Set(cells.flatMap(({ baseline }) => baseline ?? []))];
  }

  comparedWith(digest: string): PlannedCell[] {
    return this.pending.filter(({ baseline }) => baseline === digest);
  }

  /** `work` keeps the states of this float cell, once. */
  start(digest: string, work: () => Promise<Failure>): Promise<Failure> {
    const ready = this.#ready.get(digest) ?? work();
    this.#ready.set(digest, ready);
    return ready;
  }

  /** Waits for the float cell that a cell is compared with. */
  async failureOf({ baseline }: PlannedCell): Promise<Failure> {
    const failure = baseline === undefined ? undefined : await this.#ready.get(baseline);
    return (
      failure &&
      new LowbitError(
        'BASELINE_MISSING',
        `Expected a float row to compare with, but it failed (${failure.code}: ${failure.message}); cure that, or set distance: false.`,
      )
    );
  }

  /** The part of a cell's job. */
  describe({ digest, baseline }: PlannedCell, model: string): EvalJob['baseline'] {
    if (baseline !== undefined) return { kind: 'compare', folder: join(this.folder, baseline), model };
    if (this.comparedWith(digest).length === 0) return undefined;
    return { kind: 'keep', folder: join(this.folder, digest), model };
  }

  /** Frees the disk when nothing of a model is left to be compared. */
  async remove(model: string): Promise<void> {
    for (const digest of this.wantedBy(model)) await rm(join(this.folder, digest), { recursive: true, force: true });
  }
}
