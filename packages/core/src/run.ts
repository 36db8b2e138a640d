import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import { describeRun } from './describe-run.js';
import { planWorkers } from './environment.js';
import { toLowbitError } from './errors.js';
import type { LowbitError } from './errors.js';
import type { Experiment } from './experiment.js';
import { makePlan } from './plan.js';
import type { Plan, PlannedCell, PlannedModel } from './plan.js';
import type { Job, JobProgress } from './pool/job.js';
import { JobPool } from './pool/pool.js';
import { checkNeed, estimateNeed, readAvailable, totalNeed } from './preflight.js';
import { describeStep } from './recipe.js';
import type { Registry } from './registry.js';
import { Baselines } from './run-baselines.js';
import { CellBook } from './run-cells.js';
import { describeJob } from './run-jobs.js';
import { readRun } from './store/read-run.js';
import { RunStore } from './store/run-store.js';
import type { CellResult, Manifest } from './store/types.js';

export interface RunRequest {
  experiment: Experiment;
  registry: Registry;
  kernels: Kernels;
  /** The run's folder; cells that it already has are not computed again. */
  folder: string;
  /** Module that runs jobs in a worker thread. */
  worker: URL;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: RunEvent) => void) | undefined;
  /** How often the process died while a cell was in flight, by digest; present when it was started again. */
  crashes?: ReadonlyMap<string, number> | undefined;
  /** Cells of measurements are computed once more. */
  measureAgain?: boolean | undefined;
}

export type RunEvent =
  | { kind: 'planned'; cells: number; finished: number; notes: string[] }
  | { kind: 'started'; cells: string[] }
  | { kind: 'ended'; cells: string[] }
  | { kind: 'progress'; model: string; recipe: string; task: string; progress: JobProgress }
  | { kind: 'cell'; cell: CellResult; done: number; total: number };

export interface RunOutcome {
  manifest: Manifest;
  cells: CellResult[];
  failed: number;
  interrupted: boolean;
  /** Cells that this run computed; the others were there. */
  computed: number;
  /** Digests of the artifacts that the plan scores. */
  artifacts: string[];
}

/** The whole pipeline: plan, preflight, quantize each model by all its recipes, score every cell, keep what is done. */
export async function runExperiment(request: RunRequest): Promise<RunOutcome> {
  const { experiment, folder, signal, onEvent = () => undefined } = request;
  const layout = planWorkers(experiment);
  const plan = await makePlan(request);
  const store = await RunStore.open(folder);
  try {
    const book = await CellBook.open(store, plan, onEvent, request.crashes, request.measureAgain);
    const missing = await findMissing(store, book.pending);
    if (book.pending.length > 0)
      checkNeed(totalNeed(estimateNeed(plan.models, missing, layout.workers)), await readAvailable(folder), folder);
    const manifest = describeRun(request, plan, layout);
    await store.writeManifest(manifest);
    onEvent({
      kind: 'planned',
      cells: plan.cells.length,
      finished: plan.cells.length - book.pending.length,
      notes: manifest.notes,
    });
    const baselines = new Baselines(join(store.workFolder, 'baselines'), book.pending);
    if (book.pending.length > 0) await computeCells({ ...request, plan, store, book, baselines, missing, layout });
    await store.close();
    const { cells } = await readRun(folder);
    return {
      manifest,
      cells,
      failed: cells.filter(({ status }) => status === 'failed').length,
      interrupted: signal?.aborted ?? false,
      computed: book.pending.length,
      artifacts: plan.models.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)),
    };
  } finally {
    await store.close();
  }
}

export interface Work extends RunRequest {
  plan: Plan;
  store: RunStore;
  book: CellBook;
  baselines: Baselines;
  /** Digests of the artifacts that are not there yet. */
  missing: Set<string>;
  layout: { workers: number; threads: number };
}

async function computeCells(work: Work): Promise<void> {
  const { plan, store, experiment, layout, signal } = work;
  const pool = new JobPool({
    worker: work.worker,
    slots: Array.from({ length: layout.workers }, (_, i) => ({
      device: { name: experiment.device, threads: layout.threads },
      workFolder: join(store.workFolder, `slot-${i}`),
      plugins: experiment.plugins,
      ropeFrequencies: experiment.ropeFrequencies,
      execution: experiment.execution,
    })),
    onProgress: (job, progress) => tellProgress(work, job, progress),
  });
  const stop = (): void => void pool.close();
  signal?.addEventListener('abort', stop);
  try {
    if (!signal?.aborted) await Promise.all(plan.models.map((model) => runModel(work, pool, model)));
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
  }
}

/** What needs no quantization starts at once; the rest follows the artifacts that it scores. */
async function runModel(work: Work, pool: JobPool, model: PlannedModel): Promise<void> {
  const { book, missing, baselines } = work;
  const cells = book.pending.filter((cell) => cell.owner === model.record.name);
  const wanted = model.artifacts.filter(
    ({ digest }) => missing.has(digest) && cells.some(({ artifact }) => artifact === digest),
  );
  // Recipes go through the model together, but one that may have taken the process down goes by itself.
  const cellsOf = (digest: string): PlannedCell[] => cells.filter(({ artifact }) => artifact === digest);
  const isSuspect = ({ digest }: { digest: string }): boolean =>
    cellsOf(digest).some((cell) => book.crashesOf(cell) > 0);
  const groups = [wanted.filter((each) => !isSuspect(each)), ...wanted.filter(isSuspect).map((each) => [each])];
  const ready = cells.filter(({ artifact }) => !wanted.some(({ digest }) => digest === artifact));
  for (const digest of baselines.wantedBy(model.record.name))
    void baselines.start(digest, () => keepBaseline(work, pool, model, digest));
  await Promise.all([
    ...ready.map((cell) => baselines.start(cell.digest, () => runCell(work, pool, model, cell, 0))),
    ...groups
      .filter(({ length }) => length > 0)
      .map((group) =>
        quantizeGroup(
          work,
          pool,
          model,
          group,
          group.flatMap(({ digest }) => cellsOf(digest)),
        ),
      ),
  ]);
  await baselines.remove(model.record.name);
}

/** Scores the float cell, or only its part in a comparison where the cell itself is there already. */
async function keepBaseline(
  work: Work,
  pool: JobPool,
  model: PlannedModel,
  digest: string,
): Promise<LowbitError | undefined> {
  const { book, baselines, plan } = work;
  const pending = book.pending.find((cell) => cell.digest === digest);
  if (pending) return runCell(work, pool, model, pending, 0);
  const cell = plan.cells.find((each) => each.digest === digest) as PlannedCell;
  try {
    const job = describeJob(work, model, cell, 0);
    await book.inFlight(baselines.comparedWith(digest), (onStart) => pool.run(job, { onStart }));
    return undefined;
  } catch (error) {
    return toLowbitError(error);
  }
}

async function quantizeGroup(
  work: Work,
  pool: JobPool,
  model: PlannedModel,
  group: PlannedModel['artifacts'],
  cells: PlannedCell[],
): Promise<void> {
  const { book, store, signal } = work;
  const recipes = group.map(({ digest, recipe }) => ({
    name: recipe.name,
    steps: recipe.steps.map(describeStep),
    folder: store.artifactFolder(digest),
  }));
  const attempt = Math.max(0, ...cells.map((cell) => book.crashesOf(cell)));
  const job: Job = { kind: 'quantize', subject: model.info.path, attempt, recipes, calibration: model.calibration };
  let failures: Record<string, LowbitError> = {};
  let seconds: Record<string, number> = {};
  try {
    const result = await book.inFlight(cells, (onStart) => pool.run(job, { alone: attempt > 0, onStart }));
    failures = Object.fromEntries(
      Object.entries(result.failures).map(([name, failure]) => [name, book.revive(failure)]),
    );
    seconds = result.seconds;
  } catch (error) {
    if (signal?.aborted) return;
    failures = Object.fromEntries(group.map(({ recipe }) => [recipe.name, toLowbitError(error)]));
  }
  await Promise.all(
    cells.map((cell) => {
      const failure = failures[cell.recipe];
      return failure ? book.fail(cell, failure) : runCell(work, pool, model, cell, seconds[cell.recipe] ?? 0);
    }),
  );
}

/** The error that it failed with, if it did. */
async function runCell(
  work: Work,
  pool: JobPool,
  model: PlannedModel,
  cell: PlannedCell,
  quantizeSeconds: number,
): Promise<LowbitError | undefined> {
  const { book, baselines, signal } = work;
  const job = describeJob(work, model, cell, quantizeSeconds);
  try {
    // Float cells join the queue at once, before anything is quantized: they cost least and others are compared with them.
    const missing = cell.baseline === undefined ? undefined : await baselines.failureOf(cell);
    if (missing) throw missing;
    const { cell: result, samples } = await book.inFlight([cell], (onStart) =>
      pool.run(job, { alone: job.alone, onStart }),
    );
    await book.finish(result, samples);
    return undefined;
  } catch (error) {
    const failure = toLowbitError(error);
    if (!signal?.aborted) await book.fail(cell, failure);
    return failure;
  }
}

async function findMissing(store: RunStore, cells: readonly PlannedCell[]): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const { artifact } of cells) {
    const isThere =
      artifact === undefined ||
      (await access(store.artifactFolder(artifact)).then(
        () => true,
        () => false,
      ));
    if (!isThere) missing.add(artifact);
  }
  return missing;
}

function tellProgress({ onEvent, plan }: Work, job: Job, progress: JobProgress): void {
  if (job.kind === 'eval') onEvent?.({ kind: 'progress', ...job.cell, progress });
  else if (job.kind === 'quantize') {
    const model = plan.models.find(({ info }) => info.path === job.subject)?.record.name ?? '';
    onEvent?.({
      kind: 'progress',
      model,
      recipe: job.recipes.map(({ name }) => name).join(', '),
      task: 'quantize',
      progress,
    });
  }
}
