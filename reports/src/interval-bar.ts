/** A difference with its interval, to stand in a row of a table. */
export interface IntervalBar {
  value: number;
  low?: number | undefined;
  high?: number | undefined;
}

export interface BarStyle {
  /** Half the width of a shaded band about zero: what is allowed. */
  tolerance?: number | undefined;
  /** Filled, in the colour of its sense, where told from zero; grey and hollow where not; absent where no test says. */
  told?: 'better' | 'worse' | 'not' | undefined;
}

const width = 112;
const height = 14;
/** Room for the dot at either end. */
const margin = 4;

/**
 * A difference around zero as a small picture: a bar for its interval, a dot for its value. `reach` is the difference at the
 * right edge, the same for all rows of a metric; ends beyond it are cut. Undefined where there is nothing to draw.
 */
export function drawIntervalBar(
  { value, low, high }: IntervalBar,
  reach: number,
  { tolerance, told }: BarStyle = {},
): string | undefined {
  if (!(reach > 0) || !Number.isFinite(value)) return undefined;
  const middle = height / 2;
  const at = (difference: number): number => {
    const share = Math.max(-1, Math.min(1, difference / reach));
    return Number((width / 2 + (width / 2 - margin) * share).toFixed(1));
  };
  const band =
    tolerance === undefined
      ? ''
      : `<rect class="band" x="${at(-tolerance)}" y="1" width="${(at(tolerance) - at(-tolerance)).toFixed(1)}" height="${height - 2}"/>`;
  const range =
    low === undefined || high === undefined ? '' : `<path class="range" d="M${at(low)} ${middle}H${at(high)}"/>`;
  return (
    `<svg class="bar${told === undefined ? '' : ` ${told}`}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">` +
    `${band}<path class="zero" d="M${width / 2} 0V${height}"/>${range}<circle cx="${at(value)}" cy="${middle}" r="3"/></svg>`
  );
}

/** The farthest end of the differences, so that all of them fit. */
export function findReach(differences: readonly IntervalBar[]): number {
  const ends = differences.flatMap(({ value, low = value, high = value }) => [value, low, high]);
  return Math.max(0, ...ends.filter(Number.isFinite).map(Math.abs));
}
