import { dirname, join } from 'node:path';
import { compareRun, LowbitError, readRun } from '@lowbit/core';
import type { ReportFormat, RunData } from '@lowbit/reports';
import { exitStatus } from '../exit-status.js';
import { writeReport } from '../write-report.js';

const formats: readonly ReportFormat[] = ['html', 'csv', 'md', 'tex', 'json'];

/** `lowbit report RUN... -o DIR`: the same report as the run's own, from the store at any time. */
export async function report(
  runs: readonly string[],
  { output, format }: { output: string; format: string[] },
): Promise<number> {
  const unknown = format.find((name) => !formats.some((known) => known === name));
  if (unknown !== undefined)
    throw new LowbitError(
      'USAGE',
      `Expected report formats of ${formats.join(', ')}, got '${unknown}'; name one of them.`,
    );
  const wanted = formats.filter((name) => format.includes(name));
  const written = await writeReport(await Promise.all(runs.map(readCompared)), output, wanted);
  // The recipes' pages are many, and the report links to each.
  for (const path of written.filter((each) => dirname(each) === join(output))) process.stdout.write(`${path}\n`);
  return exitStatus.done;
}

async function readCompared(folder: string): Promise<RunData> {
  const run = await readRun(folder);
  return { ...run, comparisons: await compareRun(folder, run) };
}
