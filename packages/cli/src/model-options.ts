import { parseExperiment } from '@lowbit/core';
import type { Execution, Experiment, ExperimentSpec, RopeFrequencies } from '@lowbit/core';
import { expandTaskFiles } from './expand-task-files.js';
import { findData } from './find-data.js';
import { readRecipe } from './read-recipe.js';

/** What the commands that compute have in common. */
export interface ModelOptions {
  calibration?: string;
  data?: string;
  device: string;
  workers?: number;
  threads?: number;
  plugin: string[];
  /** Of the commands that score. */
  ropeFrequencies?: RopeFrequencies;
  execution?: Execution;
}

/** The command line as an experiment, so that both are checked and defaulted by the same code. */
export async function toExperiment(
  path: string,
  options: ModelOptions,
  recipes: readonly string[],
  rest: Pick<ExperimentSpec, 'name' | 'tasks'> & Partial<ExperimentSpec>,
): Promise<Experiment> {
  const { calibration, device, workers, threads, ropeFrequencies, execution } = options;
  const spec: ExperimentSpec = {
    models: [path],
    recipes: await Promise.all((recipes.length > 0 ? recipes : ['float']).map(readRecipe)),
    data: await findData(options.data),
    device,
    plugins: options.plugin,
    ...(calibration === undefined ? {} : { calibration }),
    ...(workers === undefined ? {} : { workers }),
    ...(threads === undefined ? {} : { threads }),
    ...(ropeFrequencies === undefined ? {} : { ropeFrequencies }),
    ...(execution === undefined ? {} : { execution }),
    ...rest,
  };
  return expandTaskFiles(parseExperiment(spec, 'the command line'));
}
