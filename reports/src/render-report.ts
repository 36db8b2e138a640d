import { renderComparisonsCsv } from './comparisons-csv.js';
import { renderCsv } from './csv.js';
import { renderHtml } from './html/page.js';
import { renderJson } from './json.js';
import { renderLatex } from './latex.js';
import { renderMarkdown } from './markdown.js';
import { indexCells } from './cell-index.js';
import { ReportEmptyError, type ReportFile, type ReportFormat, type RunData } from './run-data.js';

/**
 * Renders one run, or several side by side, into `report.html` (with a page for each recipe in `recipes/`), `report.csv` (with `comparisons.csv` where cells were
 * compared), `report.md`, `report.tex` and `report.json`. The same data gives the
 * same bytes. Throws REPORT_EMPTY where no planned cell has a result.
 */
export async function renderReport(
  data: RunData | readonly RunData[],
  formats: readonly ReportFormat[],
): Promise<ReportFile[]> {
  const runs: readonly RunData[] = 'manifest' in data ? [data] : data;
  if (!runs.some(hasResult)) throw new ReportEmptyError(runs);
  const title = [...new Set(runs.map((run) => run.manifest.title))].join(' · ');
  const renderers: Record<Exclude<ReportFormat, 'html'>, () => string> = {
    csv: () => renderCsv(runs),
    md: () => renderMarkdown(runs, title),
    tex: () => renderLatex(runs),
    json: () => renderJson(runs),
  };
  const pages = formats.includes('html') ? await renderHtml(runs, title) : [];
  const files = formats.flatMap((format) =>
    format === 'html' ? pages.slice(0, 1) : [{ file: `report.${format}`, content: renderers[format]() }],
  );
  if (formats.includes('csv') && runs.some(({ comparisons }) => comparisons !== undefined))
    files.push({ file: 'comparisons.csv', content: renderComparisonsCsv(runs) });
  return [...files, ...pages.slice(1)];
}

function hasResult(run: RunData): boolean {
  const index = indexCells(run);
  return run.manifest.cells.some((key) => index.find(key.model, key.recipe, key.task) !== undefined);
}
