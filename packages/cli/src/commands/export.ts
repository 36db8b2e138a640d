import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { exportArtifact, findExportFormat, LowbitError } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { exitStatus } from '../exit-status.js';

interface ExportOptions {
  format: string;
  output: string;
}

/** `lowbit export ARTIFACT --format NAME -o FOLDER`: the artifact in another tool's format, codes as they are. */
export async function exportTo(path: string, { format: name, output }: ExportOptions): Promise<number> {
  const format = findExportFormat(name);
  await requireEmpty(output);
  const { layers, notes } = await exportArtifact(path, format, resolve(output), await loadKernels());
  process.stdout.write(`${output}: ${format.name}, ${layers} layers\n`);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return exitStatus.done;
}

/** The folder is replaced as a whole. */
export async function requireEmpty(output: string): Promise<void> {
  const names = await readdir(resolve(output)).catch(() => []);
  if (names.length > 0)
    throw new LowbitError(
      'USAGE',
      `Expected -o to name a new folder or an empty one, got ${resolve(output)} with files in it; name another.`,
    );
}
