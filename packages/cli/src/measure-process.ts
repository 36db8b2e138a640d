import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { makePlan, planWorkers, runExperiment, toLowbitError } from '@lowbit/core';
import type { CellKey, ErrorCode, Experiment, Plan, PlannedCell, RunEvent, RunOutcome, TaskChoice } from '@lowbit/core';
import { figuresOf, isSameCell } from '@lowbit/history';
import type { Trial } from '@lowbit/history';
import { loadKernels } from '@lowbit/kernels';
import { crowdingSince, readClocks } from './crowding.js';
import { createRegistry } from './plugins.js';

/** What the process is asked, its first message. */
export interface MeasureRequest {
  experiment: Experiment;
  /** Names of the cells whose time and memory are wanted. */
  cells: CellName[];
  trials: number;
  /** A trial in which others took more of the processors is made again, up to as many times as there are trials. */
  crowding: number;
  /** Removed after each trial. */
  folder: string;
}

/** What it tells. */
export type MeasureAnswer =
  | ({ kind: 'trial'; done: number; total: number } & Told)
  | { kind: 'done' }
  | { kind: 'error'; code: ErrorCode; message: string };

export type CellName = Pick<CellKey, 'model' | 'recipe' | 'task'>;

export type FailedMeasurement = CellName & { reason: string };

/**
 * A process of its own, that each night begins alike: what was computed before moves neither its memory nor its time. A
 * trial makes each recipe alone and scores its tasks one after the other; trials of different recipes take turns, so that
 * a slow minute falls on all. The first of each does not count: it finds caches cold and a small heap.
 */
async function measure(request: MeasureRequest): Promise<void> {
  const { experiment, trials } = request;
  const registry = await createRegistry(experiment.plugins);
  const kernels = await loadKernels();
  const units = listUnits(await makePlan({ experiment, registry, kernels }), request);
  const { threads } = planWorkers({ ...experiment, workers: 1 });
  const run = async (unit: Unit): Promise<Told & { crowding: number }> => {
    const peaks = new Peaks(unit.cells[0]?.artifact !== undefined);
    const begin = readClocks();
    const outcome = await runExperiment({
      ...{ experiment: unit.experiment, registry, kernels, folder: request.folder },
      worker: new URL('./worker.js', import.meta.url),
      onEvent: (event) => peaks.take(event),
    });
    await rm(request.folder, { recursive: true, force: true });
    const crowding = crowdingSince(begin, threads);
    return { ...readFigures(outcome, unit, peaks, crowding), crowding };
  };
  for (const unit of units) await run(unit);
  let done = 0;
  for (let round = 0; round < 2 * trials; round++)
    for (const unit of units.filter(({ calm }) => calm < trials)) {
      const { crowding, ...told } = await run(unit);
      if (crowding <= request.crowding) unit.calm += 1;
      const left = units.reduce((sum, { calm }) => sum + Math.min(trials - calm, 2 * trials - round - 1), 0);
      done += 1;
      tell({ kind: 'trial', done, total: done + left, ...told });
    }
  tell({ kind: 'done' });
}

interface Told {
  figures: Trial[];
  failed: FailedMeasurement[];
}

/** What is computed together: the asked tasks of one recipe of one model. */
interface Unit {
  cells: PlannedCell[];
  experiment: Experiment;
  /** Trials that nobody disturbed. */
  calm: number;
}

function listUnits(plan: Plan, { experiment, cells }: MeasureRequest): Unit[] {
  const units = new Map<string, Unit>();
  for (const cell of plan.cells) {
    const task = plan.tasks.find(({ record }) => record.name === cell.task);
    if (task === undefined || !cells.some((wanted) => isSameCell(wanted, cell))) continue;
    const key = JSON.stringify([cell.owner, cell.recipe]);
    const unit = units.get(key) ?? { cells: [], experiment: narrow(plan, experiment, cell), calm: 0 };
    units.set(key, unit);
    unit.cells.push(cell);
    unit.experiment.tasks.push(task.choice as TaskChoice);
  }
  return [...units.values()];
}

/** The experiment with this model and recipe alone, without tasks yet, and nothing computed beside. */
function narrow(plan: Plan, experiment: Experiment, cell: PlannedCell): Experiment {
  const place = plan.models.findIndex(({ record }) => record.name === cell.owner);
  const model = experiment.models[place] as Experiment['models'][number];
  // A model that brings its recipe needs none.
  const own = experiment.recipes.filter(({ name }) => name === cell.recipe);
  const recipes = own.length > 0 ? own : [{ name: 'float', recipe: 'float' }];
  const models = [{ name: cell.owner, path: model.path }];
  return { ...experiment, models, recipes, tasks: [], workers: 1, distance: false };
}

function readFigures({ manifest, cells }: RunOutcome, unit: Unit, peaks: Peaks, crowding: number): Told {
  const found = cells.flatMap((cell) => {
    const planned = unit.cells.find(({ task }) => task === cell.task);
    if (planned === undefined) return [];
    return [{ ...cell, model: planned.model, recipe: planned.recipe }];
  });
  const figures = found
    .filter(({ status }) => status === 'done')
    .flatMap((cell) => {
      const task = manifest.tasks.find(({ name }) => name === cell.task);
      const score = peaks.score(cell.digest);
      return figuresOf(cell, task, manifest.calibration?.tokenSha256, { quantize: peaks.quantize, score }, crowding);
    });
  // Each task of a recipe says how long making it took.
  const once = new Map(figures.map((figure) => [JSON.stringify([figure.task, figure.metric]), figure]));
  return {
    figures: [...once.values()],
    failed: found.flatMap(({ model, recipe, task, error }) =>
      error ? [{ model, recipe, task, reason: error.message }] : [],
    ),
  };
}

/** Most memory of this process while a recipe was made, then while each cell was scored; one job runs at a time. */
class Peaks {
  readonly #done: { cells: readonly string[]; peak: number }[] = [];
  #running: readonly string[] | undefined;

  constructor(readonly isQuantized: boolean) {}

  take(event: RunEvent): void {
    if (event.kind !== 'started' && event.kind !== 'ended') return;
    // The next job may start before the end of this one is told.
    if (this.#running && (event.kind === 'started' || isDeepStrictEqual(event.cells, this.#running))) {
      this.#done.push({ cells: this.#running, peak: readPeak() });
      this.#running = undefined;
    }
    if (event.kind === 'ended') return;
    forgetPeak();
    this.#running = event.cells;
  }

  get quantize(): number | undefined {
    return this.isQuantized ? this.#done[0]?.peak : undefined;
  }

  /** Of the cell with a digest. */
  score(digest: string): number | undefined {
    return this.#done.slice(Number(this.isQuantized)).find(({ cells }) => cells.includes(digest))?.peak;
  }
}

/** Linux forgets the peak when asked to; elsewhere it counts from the start. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return;
  }
}

function readPeak(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

function tell(answer: MeasureAnswer): void {
  process.send?.(answer);
}

process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
// Nobody would collect what is measured.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (request: MeasureRequest) => {
  measure(request)
    .catch((thrown: unknown) => {
      const { code, message } = toLowbitError(thrown);
      tell({ kind: 'error', code, message });
    })
    .finally(() => process.removeAllListeners('disconnect').disconnect());
});
