import { isMeasured } from './run-cells.js';
import type { PlannedCell, PlannedModel } from './plan.js';
import type { EvalJob } from './pool/job.js';
import type { Work } from './run.js';

/** What a worker is asked to do for a cell. */
export function describeJob(work: Work, model: PlannedModel, cell: PlannedCell, quantizeSeconds: number): EvalJob {
  const { book, plan, store, experiment, baselines } = work;
  const { digest, model: name, recipe, task } = cell;
  const planned = plan.tasks.find(({ record }) => record.name === task);
  const { limit, window, windows } = planned?.choice ?? {};
  const { fewShot, chatTemplate } = planned?.record ?? {};
  const attempt = book.crashesOf(cell);
  return {
    kind: 'eval',
    subject: cell.artifact === undefined ? model.info.path : store.artifactFolder(cell.artifact),
    attempt,
    cell: { digest, model: name, recipe, task },
    index: plan.cells.indexOf(cell),
    alone: attempt > 0 || isMeasured(planned?.record),
    data: experiment.data,
    ...{ limit, window, windows, fewShot, chatTemplate, quantizeSeconds },
    baseline: baselines.describe(cell, model.info.path),
  };
}
