import type { PairComparison } from '@lowbit/core';
import { formatSignificant, unitOf } from '../format-number.js';
import { formatEnd, formatInterval, isDistinct } from '../pairs.js';
import type { RunData } from '../run-data.js';

/** Every two recipes of a model, collapsed: what the marks of the main table rest on. */
export interface ComparisonsView {
  summary: string;
  rows: {
    task: string;
    metric: string;
    recipe: string;
    against: string;
    difference: string;
    interval: string;
    rested: string;
    p: string;
    adjusted: string;
    isDistinct: boolean;
  }[];
}

/** Undefined where nothing of the model was compared. */
export function viewComparisons({ comparisons }: RunData, model: string): ComparisonsView | null {
  if (!comparisons) return null;
  const compared = comparisons.pairs.filter((pair) => pair.model === model && pair.result);
  if (compared.length === 0) return null;
  const distinct = compared.filter((pair) => isDistinct(pair, comparisons.level)).length;
  return {
    summary: `${distinct} of ${compared.length} pairs told apart`,
    rows: compared.flatMap((pair) => viewPair(pair, comparisons.level)),
  };
}

function viewPair(pair: PairComparison, level: number): ComparisonsView['rows'] {
  const { task, metric, recipe, against, result } = pair;
  if (!result) return [];
  const unit = unitOf(metric);
  const relative = result.scale === 'relative';
  const inPercent = relative || unit === 'percent';
  return [
    {
      ...{ task, metric, recipe, against },
      difference: `${formatEnd(result.difference * (inPercent ? 100 : 1))}${relative ? ' %' : ''}`,
      interval: formatInterval(result, unit),
      rested: result.discordant ? `${result.discordant[0]} : ${result.discordant[1]}` : `n ${result.n}`,
      p: formatSignificant(result.p),
      adjusted: formatSignificant(result.adjustedP),
      isDistinct: isDistinct(pair, level) ?? false,
    },
  ];
}
