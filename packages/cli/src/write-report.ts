import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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
  await mkdir(folder, { recursive: true });
  for (const { file, content } of files) await writeAtomic(join(folder, file), content);
  return files.map(({ file }) => join(folder, file));
}
