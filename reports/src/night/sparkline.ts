import type { NightPoint, NightSeries } from '@lowbit/core';
import { verdictMarks } from '../difference/verdict.js';

const size = { width: 120, height: 24, edge: 5 };
/** Points farther back are not drawn: they would be closer than a pixel. */
const mostPoints = 60;
/** Relative; what varies by less is a level line, not a step. */
const noise = 1e-9;

/** A series as a line of a few pixels: this night a dot, nights that were worse or better a triangle. Undefined without a figure. */
export function drawSparkline({ points, levels }: NightSeries): string | undefined {
  const first = Math.max(0, points.length - mostPoints);
  const shown = points.slice(first);
  const values = shown.map(({ value }) => value).filter((value) => Number.isFinite(value));
  if (values.length === 0) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const { width, height, edge } = size;
  const x = (index: number): number =>
    shown.length === 1 ? width - edge : round(edge + ((width - 2 * edge) * index) / (shown.length - 1));
  const y = (value: number): number =>
    high - low <= noise * Math.abs(high)
      ? height / 2
      : round(height - edge - ((height - 2 * edge) * (value - low)) / (high - low));
  const marks = shown.map((point, index) =>
    Number.isFinite(point.value) ? drawMark(point, x(index), y(point.value), index === shown.length - 1) : '',
  );
  const steps = (levels ?? [])
    .filter(({ to, value }) => to >= first && value >= low && value <= high)
    .map(({ from, to, value }) => `M${x(Math.max(from, first) - first)} ${y(value)}H${x(to - first)}`);
  const fit = steps.length > 0 ? `<path class="level" d="${steps.join('')}"/>` : '';
  return (
    `<svg class="spark" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">` +
    `${fit}<path class="line" d="${drawLine(shown, x, y)}"/>${marks.join('')}</svg>`
  );
}

/** Broken where a night has no figure. */
function drawLine(points: readonly NightPoint[], x: (index: number) => number, y: (value: number) => number): string {
  let pen = 'M';
  let path = '';
  for (const [index, { value }] of points.entries()) {
    if (!Number.isFinite(value)) {
      pen = 'M';
      continue;
    }
    path += `${pen}${x(index)} ${y(value)}`;
    pen = 'L';
  }
  return path;
}

function drawMark({ verdict }: NightPoint, x: number, y: number, isLast: boolean): string {
  const sense = verdict && verdictMarks[verdict].sense;
  if (sense === 'worse') return `<path class="worse" d="M${x} ${round(y + 4)}l-3.5-6h7z"/>`;
  if (sense === 'better') return `<path class="better" d="M${x} ${round(y - 4)}l-3.5 6h7z"/>`;
  return isLast ? `<circle cx="${x}" cy="${y}" r="2.5"/>` : '';
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
