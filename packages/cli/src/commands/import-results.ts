import { basename, resolve } from 'node:path';
import { importHarnessRun } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { exitStatus } from '../exit-status.js';
import { requireEmpty } from './export.js';

interface ImportResultsOptions {
  output: string;
  model?: string;
  float?: string;
}

/** `lowbit import PATH... -o RUN`: results and samples of lm-evaluation-harness as a run, ready for `report`. */
export async function importResults(
  paths: readonly string[],
  { output, model, float }: ImportResultsOptions,
): Promise<number> {
  await requireEmpty(output);
  const folder = resolve(output);
  const manifest = await importHarnessRun({
    ...{ paths, folder, name: basename(folder), kernels: await loadKernels() },
    ...{ model, float },
  });
  const counts = `${manifest.recipes.length} recipes, ${manifest.tasks.length} tasks, ${manifest.cells.length} cells`;
  process.stdout.write(`${output}: ${counts}\n`);
  for (const note of manifest.notes.slice(1)) process.stderr.write(`note: ${note}\n`);
  return exitStatus.done;
}
