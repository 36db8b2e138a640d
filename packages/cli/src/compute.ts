import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  calibrate,
  checkNeed,
  describeStep,
  estimateNeed,
  inspectOutside,
  inspectSubject,
  isOutside,
  JobPool,
  lacksCalibration,
  LowbitError,
  needsCalibration,
  planRecipe,
  planWorkers,
  readAvailable,
  refuseRecipe,
  resolveRecipe,
  resolveSteps,
  totalNeed,
} from '@lowbit/core';
import type { ErrorCode, Experiment, Job, JobResult, ModelInfo, PlannedModel, ResolvedRecipe } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import type { Host } from './host.js';
import { createRegistry } from './plugins.js';
import { showProgress } from './progress.js';

/** One model and recipe on the command line, with one worker to compute on. */
export interface Computation {
  info: ModelInfo;
  recipe: ResolvedRecipe;
  run<J extends Job>(job: J): Promise<JobResult<J>>;
  /** Writes the recipe's artifact; the folder appears whole. */
  quantizeTo(folder: string): Promise<void>;
}

/**
 * For commands that are no run: checks model, recipe, calibration, memory and disk, then lends a worker until `work` is
 * done. `output`: where the artifact is to lie, when that is all that is wanted.
 */
export async function withWorker<T>(
  experiment: Experiment,
  host: Host,
  work: (computation: Computation) => Promise<T>,
  output?: string,
): Promise<T> {
  const [{ path }] = experiment.models as [Experiment['models'][number]];
  const [choice] = experiment.recipes as [Experiment['recipes'][number]];
  const registry = await createRegistry(experiment.plugins);
  const recipe =
    'recipe' in choice
      ? resolveRecipe(choice.recipe, registry, choice.name)
      : resolveSteps(choice.steps, registry, choice.name);
  if (isOutside(path) && recipe.steps.length > 0) throw refuseRecipe(path, recipe.name);
  const kernels = await loadKernels();
  const info = isOutside(path) ? await inspectOutside(path, kernels) : await inspectSubject(path, kernels);
  if (info.recipe !== undefined && recipe.steps.length > 0)
    throw new LowbitError(
      'USAGE',
      `Expected a float checkpoint for --recipe, got the artifact ${path}; name the checkpoint.`,
    );
  if (info.decoder) planRecipe(recipe, info.decoder);
  const needs = needsCalibration(recipe);
  if (needs && !experiment.calibration) throw lacksCalibration(recipe.name);
  const calibration = needs && info.decoder ? await calibrate(experiment, info) : undefined;
  await checkRoom(
    { info, calibration, artifacts: recipe.steps.length > 0 ? [{ digest: '', recipe }] : [] },
    host,
    output,
  );
  const progress = showProgress();
  const { threads } = planWorkers(experiment);
  const { plugins, ropeFrequencies, execution } = experiment;
  const workFolder = join(host.temporaryFolder, 'work');
  const pool = new JobPool({
    worker: new URL('./worker.js', import.meta.url),
    slots: [{ device: { name: experiment.device, threads }, workFolder, plugins, ropeFrequencies, execution }],
    onProgress: (job, at) =>
      progress.show({ kind: 'progress', model: info.name, recipe: recipe.name, task: job.kind, progress: at }),
  });
  const stop = (): void => void pool.close();
  host.signal.addEventListener('abort', stop);
  try {
    return await work({
      ...{ info, recipe },
      run: (job) => pool.run(job),
      async quantizeTo(folder) {
        const steps = recipe.steps.map(describeStep);
        const recipes = [{ name: recipe.name, steps, folder }];
        const { failures } = await pool.run({ kind: 'quantize', subject: path, attempt: 0, recipes, calibration });
        for (const { code, message } of Object.values(failures)) throw new LowbitError(code as ErrorCode, message);
      },
    });
  } finally {
    host.signal.removeEventListener('abort', stop);
    await pool.close();
    progress.close();
  }
}

/** As a run's preflight. An artifact alone is not decoded, and may go to another disk than the temporary files. */
async function checkRoom(
  model: Pick<PlannedModel, 'info' | 'calibration' | 'artifacts'>,
  { temporaryFolder }: Host,
  output: string | undefined,
): Promise<void> {
  const need = estimateNeed([model], new Set(['']), 1);
  if (output === undefined) return checkNeed(totalNeed(need), await readAvailable(temporaryFolder), temporaryFolder);
  const folder = dirname(output);
  await mkdir(folder, { recursive: true });
  checkNeed({ memory: need.memory, disk: need.artifacts }, await readAvailable(folder), folder);
  checkNeed({ memory: need.memory, disk: need.spilled }, await readAvailable(temporaryFolder), temporaryFolder);
}
