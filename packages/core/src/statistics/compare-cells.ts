import type { CellInterval, PairResult } from '../store/types.js';
import type { MetricComparison } from '../task.js';
import { bootstrapPerplexity, bootstrapRatio, groupNeighbours, pairedBootstrap } from './bootstrap.js';
import type { Resamples } from './bootstrap.js';
import { sum } from './estimates.js';
import type { Observations } from './observations.js';
import { mcnemarTest, shareInterval, signTestOf } from './sign-test.js';

/**
 * Groups that the bootstrap draws from at most: neighbours beyond it go together. It costs next to nothing, because 250
 * observations know their own deviation to 4.5 %, and takes in what neighbouring documents have in common.
 */
export const mostGroups = 250;

/** Resamples for so many groups. The exact tests ask for none. */
export type Draw = (groups: number) => Resamples;

/** Why two cells' figures of a metric may not be compared; undefined where they may. */
export function findObstacle(a: CellFacts, b: CellFacts): string | undefined {
  if (a.protocol !== b.protocol) return `protocols differ (${a.protocol ?? 'none'}, ${b.protocol ?? 'none'})`;
  if (a.counts.documents !== b.counts.documents)
    return `numbers of documents differ (${a.counts.documents}, ${b.counts.documents})`;
  if (areUnlike(a.counts.tokenSha256, b.counts.tokenSha256)) return 'different token ids were scored';
  if (areUnlike(a.counts.promptSha256, b.counts.promptSha256)) return 'different prompts were scored';
  const { documents, values, weights } = a.observations;
  const other = b.observations;
  if (values.length !== other.values.length || documents.some((id, i) => id !== other.documents[i]))
    return 'samples are of different documents';
  return weights.some((weight, i) => weight !== other.weights[i]) ? 'documents have different weights' : undefined;
}

/** A hash that one of them does not have, because another tool computed it, says nothing. */
function areUnlike(a: string | undefined, b: string | undefined): boolean {
  return Boolean(a) && Boolean(b) && a !== b;
}

export interface CellFacts {
  protocol: string | undefined;
  counts: { documents: number; tokenSha256: string; promptSha256?: string | undefined };
  observations: Observations;
}

/** The test of the metric on two cells that have no obstacle. */
export function compareObservations(
  a: Observations,
  b: Observations,
  { test, scale = 'mean' }: MetricComparison,
  draw: Draw,
  level: number,
): Omit<PairResult, 'adjustedP' | 'family'> {
  if (test === 'mcnemar') return { test, scale: 'absolute', ...mcnemarTest(a.values, b.values, level) };
  if (test === 'sign') return { test, scale: 'absolute', ...signTestOf(a.values, b.values, level) };
  const grouped = [a.values, b.values, a.weights].map((list) => groupNeighbours(list, mostGroups));
  const [ofA = [], ofB = [], weights = []] = grouped;
  const resamples = draw(weights.length);
  if (scale === 'mean') return { test, scale: 'absolute', ...pairedBootstrap(ofA, ofB, weights, resamples, level) };
  // Losses are minus the scores.
  const { n, difference, low, high, p } = pairedBootstrap(ofB, ofA, weights, resamples, level);
  const convert = scale === 'perplexity' ? Math.expm1 : (nats: number): number => nats / Math.LN2;
  return {
    ...{ test, scale: scale === 'perplexity' ? 'relative' : 'absolute', n, p },
    ...{ difference: convert(difference), low: convert(low), high: convert(high) },
  };
}

/** Interval of one cell's metric. */
export function intervalOf(
  { values, weights }: Observations,
  { test, scale = 'mean' }: MetricComparison,
  draw: Draw,
  level: number,
): Pick<CellInterval, 'interval' | 'value' | 'stderr' | 'low' | 'high'> {
  if (test === 'mcnemar') {
    const [low, high] = shareInterval(sum(values), values.length, (1 - level) / 2);
    return { interval: 'exact', value: sum(values) / values.length, stderr: undefined, low, high };
  }
  const [grouped = [], sizes = []] = [values, weights].map((list) => groupNeighbours(list, mostGroups));
  const resamples = draw(sizes.length);
  if (scale === 'mean') return pick(bootstrapRatio(grouped, sizes, resamples, level), 1);
  const losses = grouped.map((value) => -value);
  if (scale === 'bits') return pick(bootstrapRatio(losses, sizes, resamples, level), 1 / Math.LN2);
  return pick(bootstrapPerplexity(losses, sizes, resamples, level), 1);
}

function pick(
  { value, stderr, low, high }: { value: number; stderr: number | undefined; low: number; high: number },
  factor: number,
): ReturnType<typeof intervalOf> {
  return {
    ...{ interval: 'bootstrap', value: value * factor, low: low * factor, high: high * factor },
    stderr: stderr === undefined ? undefined : stderr * factor,
  };
}
