import type { PairComparison } from '@lowbit/core';
import { isDistinct } from './pairs.js';
import type { RunData } from './run-data.js';
import { formatCsv, type Field } from './csv.js';

/** Tidy: one line for every two recipes of a model and metric, compared or with the reason why not. */
export function renderComparisonsCsv(runs: readonly RunData[]): string {
  const records = runs.flatMap(({ manifest, comparisons }) =>
    (comparisons?.pairs ?? []).map((pair) => describePair(manifest.name, pair, comparisons?.level ?? Number.NaN)),
  );
  return formatCsv(columns, records);
}

const columns = [
  'run',
  'model',
  'task',
  'metric',
  'recipe',
  'against',
  'isBaseline',
  'scale',
  'difference',
  'low',
  'high',
  'level',
  'test',
  'n',
  'aheadDocuments',
  'behindDocuments',
  'p',
  'adjustedP',
  'family',
  'distinct',
  'reason',
] as const;

type Column = (typeof columns)[number];

function describePair(run: string, pair: PairComparison, level: number): Record<Column, Field> {
  const { model, task, metric, recipe, against, isBaseline, result, reason } = pair;
  return {
    ...{ run, model, task, metric, recipe, against, isBaseline, level, reason },
    scale: result?.scale,
    difference: result?.difference,
    low: result?.low,
    high: result?.high,
    test: result?.test,
    n: result?.n,
    aheadDocuments: result?.discordant?.[0],
    behindDocuments: result?.discordant?.[1],
    p: result?.p,
    adjustedP: result?.adjustedP,
    family: result?.family,
    distinct: isDistinct(pair, level),
  };
}
