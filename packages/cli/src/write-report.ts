import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '@lowbit/core';
import { renderReport } from '@lowbit/reports';
import type { ReportFormat, RunData } from '@lowbit/reports';

/** Renders runs into a folder, and removes the recipes' pages of the report that lay there and has no such recipe any more. Returns the paths written. */
export async function writeReport(
  runs: readonly RunData[],
  folder: string,
  formats: readonly ReportFormat[],
): Promise<string[]> {
  const files = await renderReport(runs, formats);
  const before = formats.includes('html') ? await listPages(folder) : [];
  // The report comes last: until then the one that lies there still says which pages are its own.
  const ordered = files.toSorted((a, b) => Number(a.file === 'report.html') - Number(b.file === 'report.html'));
  const written = new Set(files.map(({ file }) => file));
  for (const { file, content } of ordered) {
    if (file === 'report.html')
      for (const page of before) if (!written.has(page)) await rm(join(folder, page), { force: true });
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeAtomic(join(folder, file), content);
  }
  return files.map(({ file }) => join(folder, file));
}

/** The recipes' pages that the report of a folder leads to, as far as Lowbit wrote them. */
async function listPages(folder: string): Promise<string[]> {
  const isOwn = (html: string): boolean => html.includes(' · Lowbit</title>');
  const read = (file: string): Promise<string> => readFile(join(folder, file), 'utf8').catch(() => '');
  const report = await read('report.html');
  if (!isOwn(report)) return [];
  const links = new Set([...report.matchAll(/href="(recipes\/[\w.-]+\.html)"/g)].map(([, link = '']) => link));
  const pages = await Promise.all([...links].map(async (page) => (isOwn(await read(page)) ? [page] : [])));
  return pages.flat();
}
