import { join } from 'node:path';
import { compareRun, inspectSubject, isOutside, LowbitError, readSamples, refuseRecipe } from '@lowbit/core';
import type { ChatTurns, RunOutcome } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { listGroupRows } from '@lowbit/reports';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Host } from '../host.js';
import { toExperiment } from '../model-options.js';
import type { ModelOptions } from '../model-options.js';
import { formatExecution, formatTables } from '../result-text.js';
import { exitStatus } from '../exit-status.js';
import { execute } from './run.js';

interface EvalOptions extends ModelOptions {
  tasks: string[];
  recipe: string[];
  limit?: number;
  fewShot?: number;
  chatTemplate?: ChatTurns;
  window?: number;
  windows?: number;
  samples?: string;
  output?: string;
  json?: boolean;
}

/** `lowbit eval CHECKPOINT|ARTIFACT --tasks T,...`: an experiment of one model, without a file. */
export async function evaluate(path: string, options: EvalOptions, host: Host): Promise<number> {
  const { tasks, recipe, limit, fewShot, chatTemplate, window, windows, output, json, samples } = options;
  const changed = isOutside(path) ? recipe.find((each) => each.trim() !== 'float') : undefined;
  if (changed !== undefined) throw refuseRecipe(path, changed);
  if (recipe.length > 0 && !isOutside(path) && (await inspectSubject(path, await loadKernels())).recipe !== undefined)
    throw new LowbitError(
      'USAGE',
      `Expected a float checkpoint for --recipe, got the artifact ${path}; leave --recipe out to score it as it is.`,
    );
  const limits = {
    ...(fewShot === undefined ? {} : { fewShot }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(limit === undefined ? {} : { limit }),
    ...(window === undefined ? {} : { window }),
    ...(windows === undefined ? {} : { windows }),
  };
  const experiment = await toExperiment(path, options, recipe, { name: 'eval', tasks, ...limits });
  const folder = output ?? join(host.temporaryFolder, 'run');
  const outcome = await execute(experiment, folder, host);
  if (outcome.interrupted) return exitStatus.interrupted;
  if (samples !== undefined) await copySamples(outcome, folder, samples);
  const rows = [...outcome.cells.flatMap((cell) => cell.rows), ...listGroupRows(outcome)];
  const comparisons = outcome.manifest.recipes.length > 1 ? await compareRun(folder, outcome) : undefined;
  process.stdout.write(
    json
      ? `${JSON.stringify({ rows, comparisons })}\n`
      : `${formatTables({ ...outcome, comparisons })}${formatExecution(outcome.cells)}`,
  );
  for (const { recipe: name, task, error } of outcome.cells)
    if (error) process.stderr.write(`error [${error.code}]: ${name} on ${task}: ${error.message}\n`);
  return outcome.failed > 0 ? exitStatus.someFailed : exitStatus.done;
}

/** `samples_<task>.jsonl`, in a folder for each recipe where there are several. */
async function copySamples({ manifest, cells }: RunOutcome, run: string, folder: string): Promise<void> {
  for (const { digest, recipe, task } of cells) {
    const text = await readSamples(run, digest);
    if (text === undefined) continue;
    const own = manifest.recipes.length > 1 ? join(folder, recipe.replace(/[^\w.,=+()-]+/g, '_')) : folder;
    await mkdir(own, { recursive: true });
    await writeFile(join(own, `samples_${task}.jsonl`), text);
  }
}
