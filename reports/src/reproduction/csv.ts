import type { ReproducedRow, Reproduction } from '@lowbit/core';
import { formatCsv } from '../csv.js';
import type { Field } from '../csv.js';

const columns = [
  'table',
  'standIn',
  'method',
  'model',
  'recipe',
  'calibration',
  'task',
  'metric',
  'protocol',
  'expected',
  'ours',
  'stderr',
  'delta',
  'tolerance',
  'verdict',
  'reason',
  'toleranceReason',
  'source',
  'notes',
  'estimatedTokens',
  'estimatedMemoryBytes',
  'estimatedDiskBytes',
  'downloadBytes',
  'estimatedHours',
] as const;

type Column = (typeof columns)[number];

/** Tidy: a line a row, full precision, shares as fractions. */
export function renderReproductionCsv({ table, isStandIn, rows }: Reproduction): string {
  return formatCsv(
    columns,
    rows.map((row) => describe(table, isStandIn, row)),
  );
}

function describe(table: string, standIn: boolean, row: ReproducedRow): Record<Column, Field> {
  const { method, model, recipe, calibration, task, metric, protocol, expected, ours, stderr, delta, cost } = row;
  const { tolerance, verdict, reason, toleranceReason, source } = row;
  return {
    ...{ table, standIn, method, model, recipe, calibration, task, metric, protocol, expected, ours, stderr, delta },
    ...{ tolerance, verdict, reason, toleranceReason, source },
    notes: row.notes.join(' '),
    estimatedTokens: cost?.tokens,
    estimatedMemoryBytes: cost?.memoryBytes,
    estimatedDiskBytes: cost?.diskBytes,
    downloadBytes: cost?.downloadBytes,
    estimatedHours: cost?.hours,
  };
}
