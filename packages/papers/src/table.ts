/** A table of a paper as Lowbit runs it: one file a table, data only. */
export interface PaperTable {
  /** `gptq-t3`. */
  name: string;
  title: string;
  /** The paper, its table and where the values were seen. */
  source: string;
  notes: string[];
  rows: PaperRow[];
}

export interface PaperRow {
  /** As the paper names it. */
  method: string;
  /** Hub id. */
  model: string;
  recipe: string;
  task: string;
  metric: string;
  /** Tokens a window, where the task has windows. */
  window?: number | undefined;
  calibration?: string | undefined;
  expected: number;
  /** Absolute, in the metric's unit. */
  tolerance: number;
  toleranceReason: string;
}
