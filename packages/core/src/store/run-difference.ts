/** What two runs of the same experiment say of each other, cell by cell. Made by `differRuns`, shown by reports. */
export interface RunDifference {
  before: RunLabel;
  after: RunLabel;
  /**
   * In the order of the later run's table, what is gone last. One for each metric that either run has, and `targetLogprob`, the
   * mean log-probability of the right answers, for cells that were computed again and whose samples hold it.
   */
  rows: RowVerdict[];
  /** What can have moved a figure: versions, commit, processor, recipes, data. */
  changes: RunChange[];
  /** Linears whose errors moved, the most first, where a recipe's artifact is not the same; some tens at most. */
  layers: LayerShift[];
  /** How many more moved. */
  layersLeftOut: number;
  /** Level of the paired tests; their p are adjusted by Holm over the difference. */
  level: number;
}

export interface RunLabel {
  name: string;
  /** Instant of the manifest, ISO 8601. */
  created: string;
  /** Where the run lies, relative to what shows it; undefined where it is not to be linked. */
  href?: string | undefined;
}

/**
 * `incomparable`: both have a figure, but of different protocols, tokens or tasks, or the later run has no result of the cell
 * yet; `reason` says which.
 */
export type Verdict = 'improved' | 'same' | 'worse' | 'new' | 'gone' | 'failed' | 'incomparable';

/** In order of alarm. */
export const verdicts: readonly Verdict[] = ['worse', 'failed', 'incomparable', 'gone', 'new', 'improved', 'same'];

/** Whether a row is a regression, or may hide one: exit status 1. Times of two unlike machines are neither. */
export function isAlarming({ verdict, measured }: Pick<RowVerdict, 'verdict' | 'measured'>): boolean {
  return verdict === 'worse' || verdict === 'failed' || (verdict === 'incomparable' && !measured);
}

export interface RowVerdict {
  model: string;
  recipe: string;
  task: string;
  /** Empty where neither run has a figure of a failed cell. */
  metric: string;
  protocol: string | undefined;
  higherIsBetter: boolean;
  /** Of this machine and execution: seconds, bytes. */
  measured: boolean;
  verdict: Verdict;
  before: number | undefined;
  after: number | undefined;
  /** after - before, or after / before - 1; undefined where either is missing or they are not comparable. */
  difference: RowDifference | undefined;
  /**
   * What the verdict rests on: the cell was not computed again (`digest`), the figures lie within a tolerance or not, a paired
   * test, or a fit of the series (measurements).
   */
  test: 'digest' | 'tolerance' | 'mcnemar' | 'sign' | 'bootstrap' | 'series' | undefined;
  /** Two-sided, of a paired test, after Holm. */
  adjustedP?: number | undefined;
  /** Relative, where `test` is `tolerance` or `series`. */
  tolerance?: number | undefined;
  /** The sentence's end: why it failed, is gone, cannot be compared, or what moved although it is called the same. */
  reason: string | undefined;
}

export interface RowDifference {
  scale: 'absolute' | 'relative';
  value: number;
  low?: number | undefined;
  high?: number | undefined;
}

export interface RunChange {
  /** `lowbit`, `commit`, `onnxruntime`, `node`, `processor`, `recipe`, `checkpoint`, `data`, ... */
  what: string;
  /** The recipe, model, task or file that it is a change of; empty for the run's environment. */
  of: string;
  before: string | undefined;
  after: string | undefined;
}

export interface LayerShift {
  model: string;
  recipe: string;
  layer: string;
  /** Which figure of the layer moved. */
  figure: 'weightError' | 'outputError' | 'bitsPerWeight';
  before: number | undefined;
  after: number | undefined;
}
