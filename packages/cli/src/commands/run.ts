import { join, relative } from 'node:path';
import type { Experiment, RunOutcome } from '@lowbit/core';
import { compareRun, runExperiment } from '@lowbit/core';
import { listFigures } from '@lowbit/reports';
import { loadKernels } from '@lowbit/kernels';
import type { Host } from '../host.js';
import { loadExperiment } from '../load-experiment.js';
import { createRegistry } from '../plugins.js';
import { showProgress } from '../progress.js';
import { formatExecution, formatTables } from '../result-text.js';
import { exitStatus } from '../exit-status.js';
import { writeReport } from '../write-report.js';

/** `lowbit run EXPERIMENT`: the whole path, a table (or JSON) on standard output, the report in the run's folder. */
export async function run(
  file: string,
  { output, json, measureAgain }: { output?: string; json?: boolean; measureAgain?: boolean },
  host: Host,
): Promise<number> {
  const experiment = await loadExperiment(file);
  const folder = output ?? join('runs', experiment.name);
  const outcome = await execute(experiment, folder, host, measureAgain);
  if (outcome.interrupted) return exitStatus.interrupted;
  const compared = { ...outcome, comparisons: await compareRun(folder, outcome) };
  await writeReport([compared], folder, ['html', 'csv', 'md', 'tex']);
  process.stdout.write(
    json
      ? `${JSON.stringify(listFigures(compared))}\n`
      : `${formatTables(compared)}${formatExecution(outcome.cells)}\nReport: ${relative('.', join(folder, 'report.html'))}\n`,
  );
  return outcome.failed > 0 ? exitStatus.someFailed : exitStatus.done;
}

/** Runs an experiment in this process, with progress on standard error and crashes told to the supervisor. */
export async function execute(
  experiment: Experiment,
  folder: string,
  host: Host,
  measureAgain = false,
): Promise<RunOutcome> {
  const registry = await createRegistry(experiment.plugins);
  const progress = showProgress();
  try {
    const outcome = await runExperiment({
      ...{ experiment, registry, folder, measureAgain },
      kernels: await loadKernels(),
      worker: new URL('../worker.js', import.meta.url),
      signal: host.signal,
      crashes: host.crashes,
      onEvent: (event) => {
        if (event.kind === 'started') host.tell({ started: event.cells });
        else if (event.kind === 'ended') host.tell({ ended: event.cells });
        else progress.show(event);
      },
    });
    if (outcome.interrupted)
      progress.say(
        `Stopped; ${outcome.cells.length} of ${outcome.manifest.cells.length} cells are kept in ${folder}. The same command goes on from there.`,
      );
    return outcome;
  } finally {
    progress.close();
  }
}
