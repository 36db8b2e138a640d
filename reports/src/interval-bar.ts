/** An interval about a difference, to stand in a row of a table. */
export interface IntervalBar {
  difference: number;
  low: number;
  high: number;
  isTold: boolean;
  sense: 'better' | 'worse';
}

const width = 150;
const height = 12;

/** `reach` is the largest absolute value of the axis, whose middle is zero; ends beyond it are cut. */
export function drawInterval({ difference, low, high, isTold, sense }: IntervalBar, reach: number): string {
  const at = (value: number): number => {
    const share = Math.max(-1, Math.min(1, value / reach));
    return Number(((share + 1) * 0.5 * (width - 8) + 4).toFixed(1));
  };
  const colour = isTold ? `var(--${sense})` : 'var(--muted)';
  return (
    `<svg class="interval" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true" focusable="false">` +
    `<path d="M${width / 2} 0V${height}" stroke="var(--line-strong)"/>` +
    `<path d="M${at(low)} 6H${at(high)}" stroke="${colour}" stroke-width="1.5"/>` +
    `<circle cx="${at(difference)}" cy="6" r="3.2" stroke="${colour}" fill="${isTold ? colour : 'var(--surface)'}"/></svg>`
  );
}
