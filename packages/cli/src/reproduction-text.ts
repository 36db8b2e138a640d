import type { Reproduction, RowCost } from '@lowbit/core';
import { isCovered, tables } from '@lowbit/papers';
import { expectedTitle, formatBytes, formatCost, formatCount, formatHours, formatRow } from '@lowbit/reports';
import { summariseReproduction } from '@lowbit/reports';
import { alignLeft, alignTable } from './text-table.js';

/** Every table: its rows, how many of them can be run, and the models that they need. */
export function formatTableList(json: boolean): string {
  const listed = tables.map(({ name, title, source, standIn, rows }) => {
    const covered = rows.filter(isCovered);
    const models = [...new Set(covered.map(({ model }) => model))];
    const reasons = [...new Set(rows.flatMap((row) => (isCovered(row) ? [] : [row.reason])))];
    return {
      name,
      title,
      source,
      isStandIn: standIn !== undefined,
      rows: rows.length,
      covered: covered.length,
      models,
      reasons,
    };
  });
  if (json) return JSON.stringify(listed);
  const lines = listed.map(({ name, title, rows, covered, models, isStandIn }) => [
    name,
    `${covered} of ${rows}`,
    isStandIn ? `${title} (stand-in: our own values)` : title,
    models.length === 0 ? 'none can be run' : models.map((id) => id.split('/').at(-1)).join(', '),
  ]);
  return alignLeft([['table', 'covered', 'title', 'models'], ...lines]);
}

/** The table, what is missing, and the sum of it in the last line. */
export function formatReproduction(reproduction: Reproduction): string {
  const { isStandIn, title, rows } = reproduction;
  const head = [
    'method',
    'model',
    'metric',
    expectedTitle(reproduction).toLowerCase(),
    'ours',
    'Δ',
    'tolerance',
    'verdict',
  ];
  const body = rows.map((row) => {
    const { method, model, measure, paper, ours, delta, tolerance, verdict } = formatRow(row);
    return [method, model, measure, paper, ours, delta, tolerance === '' ? '' : `±${tolerance}`, verdict];
  });
  const reasons = rows.flatMap(({ verdict, reason = '' }) => (verdict === 'not run' ? [leaveOutAbsent(reason)] : []));
  const others = [...new Set(reasons)].filter((reason) => reason !== '');
  return [
    isStandIn ? `${title} (no values of a paper)` : title,
    '',
    alignTable([head, ...body]),
    '',
    ...others.map((reason) => `Not run: ${reason}`),
    ...formatMissing(reproduction),
    summariseReproduction(reproduction),
  ].join('\n');
}

/** What is absent stands below the table with its size; other reasons stay whole, whatever their sentences have in them. */
function leaveOutAbsent(reason: string): string {
  return reason
    .replace(/(?:^|; )[^\s,;]+(?:, [^\s,;]+)* not in the data folder$/, '')
    .replace(/^the model is not there$/, '');
}

/** What each row would cost, and all that can be run together. */
export function formatCosts(reproduction: Reproduction, rate: number): string {
  const { rows, missing } = reproduction;
  const head = ['method', 'model', 'metric', 'tokens', 'memory', 'disk', 'download', 'hours', 'here'];
  const priced = rows.flatMap((row) => (row.cost ? [{ row, cost: row.cost }] : []));
  const body = priced.map(({ row, cost }) => {
    const { method, model, measure } = formatRow(row);
    const { tokens, memory, disk, download, hours } = formatCost(cost);
    return [method, model, measure, tokens, memory, disk, download, hours, row.reason === undefined ? 'yes' : 'no'];
  });
  const downloads = missing.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  const sum = (key: keyof RowCost): number => priced.reduce((total, { cost }) => total + cost[key], 0);
  const uncovered = rows.length - priced.length;
  return [
    reproduction.title,
    '',
    alignTable([head, ...body]),
    '',
    ...formatMissing(reproduction),
    ...(uncovered > 0 ? [`${uncovered} rows are not covered: lowbit reproduce list --json says why.`] : []),
    `In all at most ${formatCount(sum('tokens'))} tokens, ${formatBytes(Math.max(0, ...priced.map(({ cost }) => cost.memoryBytes)))} of memory at a time, ${formatBytes(sum('diskBytes'))} of disk, ${formatBytes(downloads)} to download, ${formatHours(sum('hours'))} hours.`,
    `Hours are an estimate from ${(rate / 1e9).toFixed(0)} billion multiply-adds a second, measured now.`,
  ].join('\n');
}

function formatMissing({ missing }: Reproduction): string[] {
  return missing.map(
    ({ kind, name, bytes, cure }) =>
      `Missing ${kind}: ${name}${bytes === undefined ? '' : ` (${formatBytes(bytes)})`}: ${cure}`,
  );
}
