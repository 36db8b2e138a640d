import { parseNightly } from '@lowbit/history';
import type { NightlyConfig } from '@lowbit/history';
import type { Experiment } from '@lowbit/core';
import { loadExperiment, readConfiguration, readExperiment } from './load-experiment.js';

/** A nightly file and the experiment that it names or holds, with the notes of both. */
export async function loadNightly(file: string): Promise<{ config: NightlyConfig; experiment: Experiment }> {
  const config = parseNightly(await readConfiguration(file, 'nightly'), file);
  const experiment =
    typeof config.experiment === 'string'
      ? await loadExperiment(config.experiment)
      : await readExperiment(config.experiment, file);
  return { config, experiment: { ...experiment, notes: [...experiment.notes, ...config.notes] } };
}
