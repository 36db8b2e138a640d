import type { Sample, TaskValue } from './score-task.js';
import { estimateMean, estimateRatio, sum } from '../statistics/estimates.js';
import type { Divergence } from './token-scorer.js';

/** What a comparison needs of a document that the float model scored. */
export interface BaselineDocument {
  scores: Record<string, number>;
  /** Of the right answer; undefined where the task names none. */
  targetLogprob?: number | undefined;
}

export function toBaseline({ scores, targetLogprob }: Sample): BaselineDocument {
  return { scores, ...(targetLogprob === undefined ? {} : { targetLogprob }) };
}

/**
 * Distance of next-token distributions to float's, from the divergences of each document's windows: KL(float || model) over
 * all scored tokens and the share of equal arg-maxes. Tokens of a document vary together, so the standard errors of the
 * means are over documents, or over windows where there is but one document; quantiles have none.
 */
export function summarizeDivergence(documents: readonly (readonly Divergence[])[]): TaskValue[] {
  const windows = documents.flat();
  const clusters = documents.length > 1 ? documents : windows.map((window) => [window]);
  const tokensOf = (cluster: readonly Divergence[]): number => sum(cluster.map(({ kl }) => kl.length));
  const mean = (metric: string, higherIsBetter: boolean, total: (window: Divergence) => number): TaskValue => {
    const totals = clusters.map((cluster) => sum(cluster.map(total)));
    const estimate = estimateRatio(totals, clusters.map(tokensOf));
    return { metric, ...estimate, n: clusters.length, protocol: undefined, higherIsBetter };
  };
  const sorted = Float64Array.from(windows.flatMap(({ kl }) => [...kl])).sort();
  const quantile = (metric: string, share: number): TaskValue => {
    const value = quantileOf(sorted, share);
    return { metric, value, stderr: undefined, n: sorted.length, protocol: undefined, higherIsBetter: false };
  };
  return [
    mean('kl', false, ({ kl }) => kl.reduce((total, each) => total + each, 0)),
    quantile('klMedian', 0.5),
    quantile('kl99', 0.99),
    quantile('klMax', 1),
    mean('top1Agreement', true, ({ agrees }) => agrees.reduce((total, each) => total + each, 0)),
  ];
}

/** Between the two values about a place, in proportion (Hyndman and Fan's definition 7, NumPy's default). */
export function quantileOf(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

/**
 * Distance of answers to float's: `flips`, the share of documents that one of the two gets right and the other wrong (Dutta
 * et al. 2024, "Accuracy is not all you need"), and `targetLogprobDelta`, how much less likely (below 0) the right
 * answer became, nats. What the task has no figures for is left out.
 */
export function summarizeFlips(own: readonly BaselineDocument[], float: readonly BaselineDocument[]): TaskValue[] {
  const pairs = own.map((document, index) => [document, float[index]] as const);
  const mean = (metric: string, higherIsBetter: boolean, values: readonly number[]): TaskValue[] =>
    values.length < own.length
      ? []
      : [{ metric, ...estimateMean(values), n: values.length, protocol: undefined, higherIsBetter }];
  return [
    ...mean(
      'flips',
      false,
      pairs.flatMap(([a, b]) => (a.scores.acc === undefined ? [] : [Number(a.scores.acc !== b.scores.acc)])),
    ),
    ...mean(
      'targetLogprobDelta',
      true,
      pairs.flatMap(([{ targetLogprob: a }, { targetLogprob: b }]) =>
        a === undefined || b === undefined ? [] : [a - b],
      ),
    ),
  ];
}
