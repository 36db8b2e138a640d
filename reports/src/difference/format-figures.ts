import type { RowVerdict } from '@lowbit/core';
import { formatDelta, formatSignificant, formatValue, plainDecimals, unitOf, type Unit } from '../format-number.js';
import { formatEnd } from '../pairs.js';

type Figures = Pick<RowVerdict, 'metric' | 'measured' | 'before' | 'after'>;

/** The most digits that a figure is shown with: beyond them two floats differ by rounding alone. */
const mostDecimals = 9;

/** Both values with as many decimals as it takes to see that they differ; a dash where there is none. */
export function formatPair({ metric, measured, before, after }: Figures): { before: string; after: string } {
  const [first = '', second = ''] = formatBeside([before, after], { metric, measured });
  return { before: first, after: second };
}

/** Values of one metric with the same decimals, as many as it takes to tell apart those that differ. */
export function formatBeside(
  values: readonly (number | undefined)[],
  { metric, measured }: Pick<Figures, 'metric' | 'measured'>,
): string[] {
  const unit = unitOf(metric);
  const show = (value: number | undefined, decimals: number): string => {
    // Not a number is null in JSON.
    if (value === undefined) return '–';
    return typeof value === 'number' ? formatValue(value, unit, decimals) : 'not a number';
  };
  const distinct = new Set(values).size;
  let decimals = firstDecimals(values, unit, measured);
  const texts = (): string[] => values.map((value) => show(value, decimals));
  while (decimals < mostDecimals && new Set(texts()).size < distinct) decimals++;
  return texts();
}

/** One value, as `formatPair` shows it where nothing is beside it. */
export function formatOne(
  value: number | undefined,
  { metric, measured }: Pick<Figures, 'metric' | 'measured'>,
): string {
  return formatBeside([value], { metric, measured })[0] ?? '';
}

function firstDecimals(values: readonly (number | undefined)[], unit: Unit, measured: boolean): number {
  if (unit === 'percent') return 2;
  const sizes = values.filter((value) => typeof value === 'number').filter(Number.isFinite);
  if (sizes.length === 0) return 0;
  const smallest = Math.min(...sizes.map(Math.abs));
  if (measured || smallest < 0.01)
    return Math.max(0, Math.min(mostDecimals, 2 - Math.floor(Math.log10(smallest || 1))));
  return plainDecimals(smallest);
}

/** `−4.10 points`, `+0.312`, `+12.5 %`; undefined where the two were not compared. */
export function formatDifference({
  difference,
  metric,
}: Pick<RowVerdict, 'difference' | 'metric'>): string | undefined {
  if (!difference) return undefined;
  return `${formatSigned(difference.value * factorOf(difference.scale, metric))}${suffixOf(difference.scale, metric)}`;
}

/** `−6.2 to −2.0`; undefined where there is no interval. */
export function formatRange({ difference, metric }: Pick<RowVerdict, 'difference' | 'metric'>): string | undefined {
  if (difference?.low === undefined || difference.high === undefined) return undefined;
  const factor = factorOf(difference.scale, metric);
  return `${formatSigned(difference.low * factor)} to ${formatSigned(difference.high * factor)}`;
}

/** `−4.10 points`, `+0.312`: after - before of a metric. */
export function formatPlainDifference(difference: number, metric: string): string {
  return `${formatSigned(difference * factorOf('absolute', metric))}${suffixOf('absolute', metric)}`;
}

/** Three digits with a sign, however small. */
function formatSigned(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 1e-3 || !Number.isFinite(value)) return formatEnd(value);
  return `${value > 0 ? '+' : ''}${formatSignificant(value)}`;
}

type Scale = 'absolute' | 'relative';

function factorOf(scale: Scale, metric: string): number {
  return scale === 'relative' || unitOf(metric) === 'percent' ? 100 : 1;
}

function suffixOf(scale: Scale, metric: string): string {
  if (scale === 'relative') return ' %';
  return unitOf(metric) === 'percent' ? ' points' : '';
}

/** A tolerance in percent: `10 %`, `1e−4 %`. */
export function formatTolerance(tolerance: number): string {
  return `${formatSignificant(tolerance * 100)} %`;
}

/** after / before - 1 of a layer's figure in percent; undefined where either is missing or before is zero. */
export function formatShift(before: number | undefined, after: number | undefined): string | undefined {
  if (typeof before !== 'number' || typeof after !== 'number' || before === 0) return undefined;
  return `${formatDelta((after / before - 1) * 100, 'plain', 2)} %`;
}
