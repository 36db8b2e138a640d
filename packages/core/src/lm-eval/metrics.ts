import type { Metric, MetricComparison } from '../task.js';
import { toSnakeCase } from '../scoring/samples.js';

/** A metric of the harness under our name, with how it is compared. */
export interface HarnessMetric {
  /** Key of a result, `acc_norm,none`. */
  key: string;
  /** As a line of samples names it, `acc_norm`. */
  name: string;
  filter: string;
  metric: Metric;
}

/** Metrics whose documents hold a log-probability, some with the words or bytes that it is divided by. */
const losses: Readonly<Record<string, { protocol: string; comparison: MetricComparison }>> = {
  perplexity: {
    protocol: 'ppl/lm-eval-word',
    comparison: { test: 'bootstrap', score: 'logprob', scale: 'perplexity' },
  },
  word_perplexity: {
    protocol: 'wordPpl/lm-eval',
    comparison: { test: 'bootstrap', score: 'logprob', weight: 'words', scale: 'perplexity' },
  },
  byte_perplexity: {
    protocol: 'bytePpl/lm-eval',
    comparison: { test: 'bootstrap', score: 'logprob', weight: 'bytes', scale: 'perplexity' },
  },
  bits_per_byte: {
    protocol: 'bitsPerByte/lm-eval',
    comparison: { test: 'bootstrap', score: 'logprob', weight: 'bytes', scale: 'bits' },
  },
};

/** Right or wrong, under whatever filter. */
const shares = new Set(['acc', 'acc_norm', 'acc_bytes', 'exact_match']);

/** What `acc_norm,none` is here: `accNorm`; another filter than `none` stays in the name, `exactMatch,strict-match`. */
export function toMetric(key: string, higherIsBetter: boolean): HarnessMetric {
  const comma = key.indexOf(',');
  const [name, filter] = [key.slice(0, comma), key.slice(comma + 1)];
  const known = losses[name];
  const comparison = known?.comparison ?? (shares.has(name) ? { test: 'mcnemar' as const } : undefined);
  return {
    ...{ key, name, filter },
    metric: {
      name: `${toCamelCase(name)}${filter === 'none' ? '' : `,${filter}`}`,
      higherIsBetter,
      ...(known ? { protocol: known.protocol } : {}),
      ...(comparison ? { comparison } : {}),
    },
  };
}

/** Our metric as the harness keys it. */
export function toKey(metric: string): string {
  const { name, filter } = splitKey(metric);
  return `${name},${filter}`;
}

/** Our metric's name there, and the filter that its name may have. */
export function splitKey(metric: string): { name: string; filter: string } {
  const [name = '', filter = 'none'] = metric.split(',');
  return { name: toSnakeCase(name), filter };
}

/** `acc_stderr,none` of `acc,none`. */
export function errorKey(key: string): string {
  return key.replace(',', '_stderr,');
}

/** Scores of a document by their keys in our samples, from the value under the metric's name; undefined for any other form. */
export function readScores({ name, metric }: HarnessMetric, value: unknown): Record<string, number> | undefined {
  const { score, weight } = metric.comparison ?? {};
  if (weight !== undefined && score !== undefined) {
    if (!Array.isArray(value) || !isNumber(value[0]) || !isNumber(value[1])) return undefined;
    return { [score]: value[0], [weight]: value[1] };
  }
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (!isNumber(number)) return undefined;
  return { [toSnakeCase(metric.name)]: number, ...(losses[name] ? { logprob: number } : {}) };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
