import type { RunDifference } from '@lowbit/core';
import type { ReportFile, ReportFormat } from '../run-data.js';
import { renderDifferenceCsv } from './csv.js';
import { renderDifferenceHtml } from './html.js';
import { renderDifferenceMarkdown } from './markdown.js';

export type DifferenceFormat = Extract<ReportFormat, 'html' | 'csv' | 'md' | 'json'>;

/** Renders the difference of two runs into `difference.html`, `.csv`, `.md` and `.json`. The same data gives the same bytes. */
export async function renderDifference(
  difference: RunDifference,
  formats: readonly DifferenceFormat[],
): Promise<ReportFile[]> {
  const renderers: Record<DifferenceFormat, () => string | Promise<string>> = {
    html: () => renderDifferenceHtml(difference),
    csv: () => renderDifferenceCsv(difference),
    md: () => renderDifferenceMarkdown(difference),
    json: () => `${JSON.stringify(difference, undefined, 1)}\n`,
  };
  return Promise.all(
    formats.map(async (format) => ({ file: `difference.${format}`, content: await renderers[format]() })),
  );
}
