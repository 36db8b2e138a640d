/**
 * All numbers of the page and of the Markdown table come from here; CSV keeps full precision. No locale, no time zone:
 * the same data must give the same bytes everywhere.
 */

/** `percent`: a share from 0 to 1, shown times 100. `plain`: shown as it is. */
export type Unit = 'percent' | 'plain';

const shareMetrics = new Set(['meanAcc', 'f1', 'exactMatch', 'top1Agreement', 'flips']);
/** `acc`, `accNorm`, `accStem`: all its kin are shares. */
const accuracy = /^acc(?:[A-Z]|$)/;

export function unitOf(metric: string): Unit {
  // An imported metric may end in its filter: `exactMatch,strict-match`.
  const name = metric.split(',', 1)[0] ?? '';
  return shareMetrics.has(name) || accuracy.test(name) ? 'percent' : 'plain';
}

/** Decimals of a percentage: two where the standard error (a share) is below 1.5 points, else one. */
export function percentDecimals(stderr: number | undefined): number {
  return stderr !== undefined && stderr < 0.015 ? 2 : 1;
}

/** Decimals of a perplexity or another plain value: three where it is small or certain, none from 1000 on. */
export function plainDecimals(value: number, stderr?: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return 0;
  return size < 10 || (stderr !== undefined && stderr < 0.01) ? 3 : 2;
}

/** A value of a metric as a reader sees it, without its unit. Values of a million and more get an exponent. */
export function formatValue(value: number, unit: Unit, decimals: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : 'not a number';
  const shown = unit === 'percent' ? value * 100 : value;
  return Math.abs(shown) >= 1e6 ? formatExponent(shown) : groupDigits(trimNegativeZero(shown.toFixed(decimals)));
}

/** A difference with its sign: `+8.06`, `−1.2`, `0.0`. */
export function formatDelta(delta: number, unit: Unit, decimals: number): string {
  const text = formatValue(delta, unit, decimals);
  return delta > 0 && /[1-9∞]/.test(text) ? `+${text}` : text;
}

/** A relative change in percent with its sign, three digits at most: `+40.5 %`. */
export function formatRelative(ratio: number): string {
  const percent = (ratio - 1) * 100;
  return `${formatDelta(percent, 'plain', Math.abs(percent) < 100 ? 1 : 0)} %`;
}

/** A ratio or an error with three significant digits: `0.812`, `12.3`, `1.23e5`. */
export function formatSignificant(value: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return formatValue(value, 'plain', 0);
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? formatExponent(value) : withMinus(String(Number(value.toPrecision(3))));
}

/** With so many decimals; a dash where it is not known, as in imported cells (null on disk). */
export function formatFixed(value: number | null | undefined, decimals: number): string {
  return typeof value === 'number' && Number.isFinite(value) ? value.toFixed(decimals) : '–';
}

/** A count with its thousands apart: `304,978`; a dash where it is not known. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return '–';
  return groupDigits(String(count));
}

/** Parameters with a unit: `134.5 M`. */
export function formatParameters(count: number): string {
  if (!Number.isFinite(count)) return '–';
  const units: [number, string][] = [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  const unit = units.find(([size]) => count >= size);
  return unit ? `${Number((count / unit[0]).toPrecision(4))} ${unit[1]}` : String(count);
}

/** Bytes in binary units with three digits: `1.42 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** step).toPrecision(step === 0 ? 15 : 3))} ${units[step]}`;
}

function formatExponent(value: number): string {
  return withMinus(value.toExponential(2).replace('e+', 'e'));
}

function groupDigits(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return withMinus(fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

function trimNegativeZero(text: string): string {
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
}

function withMinus(text: string): string {
  return text.replaceAll('-', '\u2212');
}
