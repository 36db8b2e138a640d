import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isMeasured, LowbitError, planWorkers } from '@lowbit/core';
import type { Experiment, Manifest, RunLabel } from '@lowbit/core';
import {
  addRound,
  gatherTrials,
  judgeMeasurements,
  keyOf,
  listSuspects,
  matchesCell,
  nameMachine,
} from '@lowbit/history';
import type { JudgedFigure, Measurement, Measurements, NightlyConfig, PastNight } from '@lowbit/history';
import { measure } from './measure.js';
import type { Measured } from './measure.js';
import type { CellName, FailedMeasurement } from './measure-process.js';

/** Trials of a second round: with fewer a step could not be told from chance. */
const leastAgain = 4;

export interface MeasureNight {
  config: NightlyConfig;
  experiment: Experiment;
  manifest: Manifest;
  past: readonly PastNight[];
  label: RunLabel;
  /** For trials; removed by its owner. */
  folder: string;
  signal: AbortSignal;
  say: (line: string) => void;
}

/**
 * Measures what a night asks for, and what is far from its level once more. Without a wish nothing is measured.
 * Undefined where it was stopped.
 */
export async function measureNight(
  night: MeasureNight,
): Promise<{ measurements: Measurements | undefined; judged: JudgedFigure[] } | undefined> {
  const { config, experiment, manifest, past, label, signal, say } = night;
  const cells = listAsked(manifest, config);
  if (cells.length === 0) return { measurements: undefined, judged: [] };
  const { crowding } = config;
  const run = (wanted: readonly CellName[], name: string, trials = config.trials) =>
    measure({ experiment, cells: [...wanted], trials, crowding, folder: join(night.folder, name) }, signal, say);
  const gather = ({ trials }: Measured): Measurement[] => gatherTrials(trials, crowding);
  const first = await run(cells, 'measure');
  if (first === undefined) return undefined;
  const { threads } = planWorkers({ ...experiment, workers: 1 });
  const machine = nameMachine(manifest.environment, threads);
  const measurements: Measurements = {
    ...{ formatVersion: 1, machine, figures: gather(first) },
    failed: nameFailures(first.failed),
  };
  const judge = (): JudgedFigure[] => judgeMeasurements(measurements, past, label, config);
  const suspects = listSuspects(judge());
  if (suspects.length === 0) return { measurements, judged: judge() };
  // Memory is what it is, now and later.
  const pause = suspects.some(({ unit }) => unit !== 'megabytes') ? config.pause : 0;
  const names = suspects.map(({ recipe, task, metric }) => `${metric} of ${recipe} on ${task}`).join(', ');
  say(`${names}: measured once more${pause > 0 ? ` in ${pause} s` : ''}`);
  await setTimeout(1000 * pause, undefined, { signal }).catch(() => undefined);
  // All tasks of a recipe once more: the first of them pays for what the others find open.
  const doubted = cells.filter(({ model, recipe }) =>
    suspects.some((each) => each.model === model && each.recipe === recipe),
  );
  const second = await run(doubted, 'measure-again', Math.max(config.trials, leastAgain));
  if (second === undefined) return undefined;
  measurements.failed = nameFailures([...first.failed, ...second.failed]);
  measurements.figures = addRound(measurements.figures, gather(second), new Set(suspects.map(keyOf)));
  const judged = judge();
  return { measurements: { ...measurements, figures: judged.map(({ figure }) => figure) }, judged };
}

/** Each failure once. */
function nameFailures(failed: readonly FailedMeasurement[]): FailedMeasurement[] {
  return [...new Map(failed.map((each) => [JSON.stringify(each), each])).values()];
}

/** Cells of measured tasks, and those that the configuration names. Throws EXPERIMENT_OPTION where it names none. */
function listAsked({ cells, tasks }: Manifest, { measure: patterns }: NightlyConfig): CellName[] {
  for (const pattern of patterns)
    if (!cells.some((cell) => matchesCell([pattern], cell)))
      throw new LowbitError(
        'EXPERIMENT_OPTION',
        `Expected 'measure' to name cells of the experiment, got ${JSON.stringify(pattern)}, which fits none; correct model, recipe and task.`,
      );
  const measured = tasks.filter(isMeasured).map(({ name }) => name);
  return cells
    .filter((cell) => measured.includes(cell.task) || matchesCell(patterns, cell))
    .map(({ model, recipe, task }) => ({ model, recipe, task }));
}
