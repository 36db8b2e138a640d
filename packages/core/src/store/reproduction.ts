/** A table of a paper beside what was computed here. Made by `@lowbit/papers`, shown by reports. */
export interface Reproduction {
  /** `gptq-t3`. */
  table: string;
  title: string;
  /** The paper, its table and where the values were seen. */
  source: string;
  /** Of our own values on small models, to hold against regressions: never to be taken for the paper's. */
  isStandIn: boolean;
  notes: string[];
  rows: ReproducedRow[];
  /** What would have to be there for the rows that are not run. */
  missing: MissingItem[];
}

export interface ReproducedRow {
  /** As the paper names the row and the column. */
  method: string;
  model: string;
  recipe: string;
  task: string;
  metric: string;
  protocol: string | undefined;
  /** Of the recipe, as on the command line; undefined where it needs none. */
  calibration: string | undefined;
  expected: number;
  /** Absolute, in the metric's unit, with its reason; undefined where the row is not covered. */
  tolerance: number | undefined;
  toleranceReason: string;
  source: string;
  /** In what our run is known to differ from the paper's. */
  notes: string[];
  ours: number | undefined;
  stderr: number | undefined;
  /** ours - expected. */
  delta: number | undefined;
  verdict: 'within' | 'outside' | 'not run' | 'not covered';
  /** Why it was not run or is not covered. */
  reason: string | undefined;
  cost: RowCost | undefined;
}

/** Estimated before anything is computed. */
export interface RowCost {
  tokens: number;
  memoryBytes: number;
  diskBytes: number;
  downloadBytes: number;
  /** On this machine. */
  hours: number;
}

export interface MissingItem {
  kind: 'model' | 'data';
  name: string;
  /** Where it is to be had, and the command or folder that takes it. */
  cure: string;
  bytes: number | undefined;
}
