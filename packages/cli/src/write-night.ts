import { copyFile, mkdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeAtomic } from '@lowbit/core';
import type { Night } from '@lowbit/core';
import type { Measurements } from '@lowbit/history';
import { renderLatest, renderNight } from '@lowbit/reports';
import type { RunData } from '@lowbit/reports';
import { writeReport } from './write-report.js';

/** What a night's folder has beside its run's files: records, the night's pages, the run's report. Returns the summary. */
export async function writeNight(
  folder: string,
  night: Night,
  measurements: Measurements | undefined,
  run: RunData,
): Promise<string> {
  const records = { 'verdict.json': night, ...(measurements && { 'measurements.json': measurements }) };
  for (const [file, record] of Object.entries(records))
    await writeAtomic(join(folder, file), `${JSON.stringify(record, undefined, 1)}\n`);
  await writeReport([run], folder, ['html', 'csv', 'md']);
  const files = await renderNight(night, ['html', 'md', 'junit']);
  for (const { file, content } of files) await writeAtomic(join(folder, file), content);
  return files.find(({ file }) => file.endsWith('.md'))?.content ?? '';
}

const shared = ['summary.md', 'junit.xml', 'verdict.json'];

/** A folder of a fixed name for what other programs read of the last night, with a page that leads to its own. */
export async function writeLatest(latest: string, night: string): Promise<void> {
  await mkdir(latest, { recursive: true });
  for (const file of shared) {
    await copyFile(join(night, file), join(latest, `${file}.tmp`));
    await rename(join(latest, `${file}.tmp`), join(latest, file));
  }
  await writeAtomic(join(latest, 'index.html'), renderLatest(`../runs/${basename(night)}/night.html`));
}
