import type { Reproduction } from '@lowbit/core';
import type { ReportFile } from '../run-data.js';
import { renderReproductionCsv } from './csv.js';
import { renderReproductionHtml } from './page.js';
import { renderReproductionLatex } from './latex.js';
import { renderReproductionMarkdown } from './markdown.js';

export type ReproductionFormat = 'html' | 'csv' | 'md' | 'tex' | 'json';

/** A paper's table beside ours as `reproduction.html`, `.csv`, `.md`, `.tex` and `.json`. The same data gives the same bytes. */
export async function renderReproduction(
  reproduction: Reproduction,
  formats: readonly ReproductionFormat[],
): Promise<ReportFile[]> {
  const renderers: Record<ReproductionFormat, () => string | Promise<string>> = {
    html: () => renderReproductionHtml(reproduction),
    csv: () => renderReproductionCsv(reproduction),
    md: () => renderReproductionMarkdown(reproduction),
    tex: () => renderReproductionLatex(reproduction),
    json: () => `${JSON.stringify(reproduction, undefined, 1)}\n`,
  };
  return Promise.all(
    formats.map(async (format) => ({ file: `reproduction.${format}`, content: await renderers[format]() })),
  );
}
