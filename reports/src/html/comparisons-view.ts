import type { PairComparison } from '@lowbit/core';
import { formatSignificant, unitOf } from '../format-number.js';
import { formatEnd, formatInterval, isDistinct } from '../pairs.js';
import type { RunData } from '../run-data.js';

/** Two recipes of a model, collapsed: what the marks of the main table rest on. */
export interface ComparisonsView {
  id: string;
  count: number;
  summary: string;
  rows: {
    task: string;
    metric: string;
    recipe: string;
    against: string;
    difference: string;
    sort: string;
    interval: string;
    rested: string;
    p: string;
    pSort: string;
    adjusted: string;
    adjustedSort: string;
    isDistinct: boolean;
  }[];
}

/** More rows than this are for comparisons.csv. */
const mostRows = 1000;

/** Null where nothing was compared; `isWanted` chooses pairs of the model. */
export function viewComparisons(
  { comparisons }: RunData,
  model: string,
  id: string,
  isWanted: (pair: PairComparison) => boolean = () => true,
): ComparisonsView | null {
  if (!comparisons) return null;
  const compared = comparisons.pairs.filter((pair) => pair.model === model && pair.result && isWanted(pair));
  if (compared.length === 0) return null;
  const distinct = compared.filter((pair) => isDistinct(pair, comparisons.level)).length;
  const withFloat = compared.filter(({ isBaseline }) => isBaseline);
  const shown = [compared, withFloat].find(({ length }) => length <= mostRows) ?? [];
  const told = `${distinct} of ${compared.length} pairs told apart`;
  const where = shown === compared ? '' : '; too many for a page, all are in comparisons.csv';
  const kept = shown === withFloat && where !== '' ? ', those with float here' : '';
  return {
    ...{ id, count: compared.length, summary: `${told}${where}${kept}` },
    rows: shown.flatMap((pair) => viewPair(pair, comparisons.level)),
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
      sort: String(result.difference),
      interval: formatInterval(result, unit),
      rested: result.discordant ? `${result.discordant[0]} : ${result.discordant[1]}` : `n ${result.n}`,
      p: formatSignificant(result.p),
      pSort: String(result.p),
      adjusted: formatSignificant(result.adjustedP),
      adjustedSort: String(result.adjustedP),
      isDistinct: isDistinct(pair, level) ?? false,
    },
  ];
}
