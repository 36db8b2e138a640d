import type { CellResult, Manifest, RunComparisons } from '@lowbit/core';

/** One run as it lies in the store: what was planned, and the cells that have a result. Order of `cells` is free. */
export interface RunData {
  manifest: Manifest;
  cells: CellResult[];
  /** What the cells' samples say; without them the report takes standard errors for independent. */
  comparisons?: RunComparisons | undefined;
}

export type ReportFormat = 'html' | 'csv' | 'md' | 'tex' | 'json';

export interface ReportFile {
  /** Relative to the report's folder: `report.html`, `recipes/gptq-w4.html`. */
  file: string;
  content: string;
}

/** There is nothing to report: no cell of any run has a result yet. */
export class ReportEmptyError extends Error {
  override readonly name = 'ReportEmptyError';
  readonly code = 'REPORT_EMPTY';

  constructor(runs: readonly RunData[]) {
    const names = runs.map((run) => `'${run.manifest.name}'`).join(', ') || 'none given';
    super(
      `A report needs at least one cell with a result, but the runs (${names}) have none; ` +
        `start the run again and let a cell finish.`,
    );
  }
}
