import type { RowDifference } from '@lowbit/core';

export const barSize = { width: 112, height: 14 };

/**
 * A difference around zero as a small picture: a bar for its interval, a dot for its value, a shaded band for the tolerance.
 * `reach` is the difference at the right edge, the same for all rows of a metric. Undefined where there is nothing to draw.
 */
export function drawIntervalBar(
  { value, low, high }: RowDifference,
  reach: number,
  tolerance: number | undefined,
): string | undefined {
  if (!(reach > 0) || !Number.isFinite(value)) return undefined;
  const { width, height } = barSize;
  const middle = height / 2;
  const at = (difference: number): number => {
    const share = Math.max(-1, Math.min(1, difference / reach));
    return Number((width / 2 + (width / 2 - 4) * share).toFixed(1));
  };
  const band =
    tolerance === undefined
      ? ''
      : `<rect class="band" x="${at(-tolerance)}" y="1" width="${(at(tolerance) - at(-tolerance)).toFixed(1)}" height="${height - 2}"/>`;
  const bar =
    low === undefined || high === undefined ? '' : `<path class="range" d="M${at(low)} ${middle}H${at(high)}"/>`;
  return (
    `<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">` +
    `${band}<path class="zero" d="M${width / 2} 0V${height}"/>${bar}<circle cx="${at(value)}" cy="${middle}" r="3"/></svg>`
  );
}

/** The farthest end of the differences, so that all of them fit. */
export function findReach(differences: readonly RowDifference[]): number {
  const ends = differences.flatMap(({ value, low = value, high = value }) => [value, low, high]);
  return Math.max(0, ...ends.filter(Number.isFinite).map(Math.abs));
}
