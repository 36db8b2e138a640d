export interface Estimate {
  value: number;
  /** Standard error; undefined where one observation leaves it open. */
  stderr: number | undefined;
}

/** Mean with its standard error: sample deviation (n - 1) over the root of n, as lm-evaluation-harness reports it. */
export function estimateMean(values: readonly number[]): Estimate {
  const n = values.length;
  const value = sum(values) / n;
  if (n < 2) return { value, stderr: undefined };
  const squares = sum(values.map((each) => (each - value) ** 2));
  return { value, stderr: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * Sum of `numerators` over sum of `denominators`, as a loss per word over documents of unequal length. The error is the
 * delta method's for a ratio of means: residuals about the common ratio, over the total denominator.
 */
export function estimateRatio(numerators: readonly number[], denominators: readonly number[]): Estimate {
  const n = numerators.length;
  const total = sum(denominators);
  const value = sum(numerators) / total;
  if (n < 2) return { value, stderr: undefined };
  const squares = sum(numerators.map((each, index) => (each - value * denominators[index]) ** 2));
  return { value, stderr: Math.sqrt((squares * n) / (n - 1)) / total };
}

/**
 * The mean over all members of several groups, from each group's own, with the pooled error: as lm-evaluation-harness
 * gives a group of tasks that is weighted by size.
 */
export function poolMeans(groups: readonly (Estimate & { n: number })[]): Estimate & { n: number } {
  const n = sum(groups.map((group) => group.n));
  const value = sum(groups.map((group) => group.value * group.n)) / n;
  const squares = groups.map((group) => (group.stderr ?? NaN) ** 2 * group.n * (group.n - 1));
  const stderr = Math.sqrt(sum(squares) / (n - groups.length) / n);
  return { value, stderr: Number.isNaN(stderr) ? undefined : stderr, n };
}

/**
 * exp of an estimated loss, as perplexity; its error by the delta method, exp(loss) times the loss's error.
 */
export function exponentiate({ value, stderr }: Estimate): Estimate {
  const exponential = Math.exp(value);
  return { value: exponential, stderr: stderr === undefined ? undefined : exponential * stderr };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
