import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '@lowbit/core';
import { renderReport } from '@lowbit/reports';
import type { ReportFormat, RunData } from '@lowbit/reports';

/** Renders runs into a folder; the paths written. */
export async function writeReport(
  runs: readonly RunData[],
  folder: string,
  formats: readonly ReportFormat[],
): Promise<string[]> {
  const files = await renderReport(runs, formats);
  for (const { file, content } of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeAtomic(join(folder, file), content);
  }
  return files.map(({ file }) => join(folder, file));
}
