import { toSnakeCase } from '../scoring/samples.js';
import type { MetricComparison } from '../task.js';
import { sum } from './estimates.js';

/** What a metric sees of a cell's documents or windows: scores (higher is better for losses too: minus them), weights. */
export interface Observations {
  values: number[];
  weights: number[];
  /** `doc_id` of each line of the samples. */
  documents: number[];
}

/** Tests of the vocabulary's metrics; a metric with `comparison` says its own. */
export const standardComparisons: Readonly<Record<string, MetricComparison>> = {
  acc: { test: 'mcnemar' },
  accNorm: { test: 'mcnemar' },
  accBytes: { test: 'mcnemar' },
  exactMatch: { test: 'mcnemar' },
};

/** How a metric is compared. Another name's value is taken for the mean of its documents' scores. */
export function comparisonOf(metric: { name: string; comparison?: MetricComparison | undefined }): MetricComparison {
  return metric.comparison ?? standardComparisons[metric.name] ?? { test: 'bootstrap' };
}

/**
 * Observations of one metric from a cell's `samples.jsonl`; a sentence's end, why not, where the lines do not hold them.
 */
export function readObservations(lines: string, metric: string, comparison: MetricComparison): Observations | string {
  const observations: Observations = { values: [], weights: [], documents: [] };
  for (const [i, line] of lines.trimEnd().split('\n').entries()) {
    const sample = parseLine(line);
    if (sample === undefined) return `line ${i + 1} of its samples is not a sample`;
    const found = comparison.each === 'window' ? readWindows(sample) : readScore(sample, metric, comparison);
    if (typeof found === 'string') return found;
    observations.values.push(...found.values);
    observations.weights.push(...found.weights);
    observations.documents.push(Number(sample['doc_id']));
  }
  return observations;
}

type Sample = Record<string, unknown>;

function parseLine(line: string): Sample | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Sample) : undefined;
  } catch {
    return undefined;
  }
}

function readScore(
  sample: Sample,
  metric: string,
  { score = metric, weight }: MetricComparison,
): { values: number[]; weights: number[] } | string {
  const value = sample[toSnakeCase(score)];
  const size = weight === undefined ? 1 : sample[toSnakeCase(weight)];
  if (typeof value !== 'number') return `its samples have no ${score}`;
  if (typeof size !== 'number') return `its samples have no ${weight}`;
  return { values: [value], weights: [size] };
}

/** Losses of the windows, as a `windows` request leaves their means in `resps`, each by the tokens that it scores. */
function readWindows(sample: Sample): { values: number[]; weights: number[] } | string {
  const { resps, window_tokens: tokens } = sample;
  const losses: unknown[] = Array.isArray(resps) ? resps.flat(2) : [];
  if (losses.length === 0 || !isNumbers(losses)) return 'its samples have no windows';
  const weights: unknown[] = Array.isArray(tokens) ? tokens : losses.map(() => 1);
  if (weights.length !== losses.length || !isNumbers(weights)) return 'its windows and their tokens do not fit';
  return { values: losses.map((loss, i) => -loss * (weights[i] as number)), weights };
}

function isNumbers(values: unknown[]): values is number[] {
  return values.every((value) => typeof value === 'number');
}

/** The metric's value from its observations. */
export function valueOf({ values, weights }: Observations, scale: MetricComparison['scale']): number {
  const mean = sum(values) / sum(weights);
  if (scale === 'perplexity') return Math.exp(-mean);
  return scale === 'bits' ? -mean / Math.LN2 : mean;
}
