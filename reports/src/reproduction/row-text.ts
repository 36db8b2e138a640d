import type { ReproducedRow, Reproduction } from '@lowbit/core';
import { formatDelta, formatValue, unitOf } from '../format-number.js';

/** A row as every format shows it. */
export interface RowText {
  method: string;
  recipe: string;
  model: string;
  /** Task, metric and unit. */
  measure: string;
  protocol: string;
  paper: string;
  ours: string;
  stderr: string;
  delta: string;
  tolerance: string;
  verdict: ReproducedRow['verdict'];
  reason: string;
}

export const verdictWords = ['within', 'outside', 'not run', 'not covered'] as const;

export function formatRow(row: ReproducedRow): RowText {
  const unit = unitOf(row.metric);
  const decimals = printedDecimals(row.expected * (unit === 'percent' ? 100 : 1));
  const show = (value: number | undefined): string =>
    value === undefined ? '' : formatValue(value, unit, decimals + 1);
  const { method, recipe, model, task, metric, protocol = '', verdict, reason = '' } = row;
  return {
    ...{ method, recipe, model, protocol, verdict, reason },
    measure: `${task} ${metric}${unit === 'percent' ? ', %' : ''}`,
    paper: formatValue(row.expected, unit, decimals),
    ours: show(row.ours),
    stderr: show(row.stderr),
    delta: row.delta === undefined ? '' : formatDelta(row.delta, unit, decimals + 1),
    tolerance: show(row.tolerance),
  };
}

/** Two, or more where the paper prints more; a stand-in's are cut at four. */
function printedDecimals(value: number): number {
  const [, fraction = ''] = String(Number(value.toPrecision(8))).split('.');
  return Math.min(Math.max(2, /e/.test(fraction) ? 6 : fraction.length), value < 1 ? 6 : 4);
}

export function countVerdicts({ rows }: Reproduction): Record<ReproducedRow['verdict'], number> {
  const count = (wanted: string): number => rows.filter(({ verdict }) => verdict === wanted).length;
  return {
    within: count('within'),
    outside: count('outside'),
    'not run': count('not run'),
    'not covered': count('not covered'),
  };
}

/** `27 rows: 3 within their tolerance, 1 outside (GPTQ, 3 bits of opt-350m), 23 not run.` */
export function summariseReproduction(reproduction: Reproduction): string {
  const counts = countVerdicts(reproduction);
  const outside = reproduction.rows.filter(({ verdict }) => verdict === 'outside');
  const named = outside.slice(0, 3).map(({ method, model }) => `${method} of ${model}`);
  const list = outside.length > named.length ? [...named, '...'] : named;
  const parts = [
    counts.within > 0 ? `${counts.within} within ${counts.within === 1 ? 'its' : 'their'} tolerance` : '',
    counts.outside > 0 ? `${counts.outside} outside (${list.join('; ')})` : '',
    counts['not run'] > 0 ? `${counts['not run']} not run` : '',
    counts['not covered'] > 0 ? `${counts['not covered']} not covered` : '',
  ].filter((part) => part !== '');
  const { length } = reproduction.rows;
  return `${length} ${length === 1 ? 'row' : 'rows'}: ${parts.join(', ')}.`;
}

/** The value column's title: a stand-in has no paper. */
export function expectedTitle({ isStandIn }: Reproduction): string {
  return isStandIn ? 'Recorded' : 'Paper';
}
