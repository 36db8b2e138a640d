import { resolve } from 'node:path';
import { exportHarnessFiles } from '@lowbit/core';
import { exitStatus } from '../exit-status.js';
import { requireEmpty } from './export.js';

/** `lowbit export-results RUN -o FOLDER`: a run as lm-evaluation-harness's results and samples files. */
export async function exportResults(run: string, { output }: { output: string }): Promise<number> {
  await requireEmpty(output);
  const { folders, notes } = await exportHarnessFiles(resolve(run), resolve(output));
  for (const folder of folders) process.stdout.write(`${folder}\n`);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return exitStatus.done;
}
