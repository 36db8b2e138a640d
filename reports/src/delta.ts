/** A figure that can be compared: a row of the store, or an entry of the table. */
export interface Figure {
  value: number;
  stderr: number | undefined;
}

/** Score minus the float model's own score for the same metric. */
export interface Delta {
  value: number;
  /** Score ÷ baseline; undefined where the baseline is zero. */
  ratio: number | undefined;
  sense: 'better' | 'worse' | 'same';
  /**
   * |delta| ÷ √(stderr² + baseline stderr²), undefined where one of them has no standard error. Both score the same
   * documents, so their errors are correlated and this is on the cautious side.
   */
  standardErrors: number | undefined;
}

/** Two standard errors: what the report calls a difference that the data can tell from none. */
export const separation = 2;

export function compareFigures(figure: Figure, baseline: Figure, higherIsBetter: boolean): Delta {
  const value = figure.value - baseline.value;
  const better = higherIsBetter ? value > 0 : value < 0;
  const spread = Math.hypot(figure.stderr ?? Number.NaN, baseline.stderr ?? Number.NaN);
  return {
    value,
    ratio: baseline.value === 0 ? undefined : figure.value / baseline.value,
    sense: value === 0 ? 'same' : better ? 'better' : 'worse',
    standardErrors: spread > 0 ? Math.abs(value) / spread : undefined,
  };
}

/** The difference is smaller than two of its standard errors; false where no standard error is known. */
export function isWithinError(delta: Delta): boolean {
  return delta.standardErrors !== undefined && delta.standardErrors < separation;
}
