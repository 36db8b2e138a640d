import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '@lowbit/core';
import type { Reproduction } from '@lowbit/core';
import { renderReproduction } from '@lowbit/reports';

/** The table in every format, into a folder. */
export async function writeReproduction(reproduction: Reproduction, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { file, content } of await renderReproduction(reproduction, ['html', 'csv', 'md', 'tex', 'json']))
    await writeAtomic(join(folder, file), content);
}
