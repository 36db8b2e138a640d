import { LowbitError } from '../errors.js';
import type { Metric, MetricValue, Task } from '../task.js';
import { estimateMean, poolMeans } from '../statistics/estimates.js';

type Scores = Record<string, number>;

/** Metric values from the scores of `docs`, by the task's own rule or as means. */
export function aggregate(task: Task, scores: Scores[], docs: readonly unknown[]): MetricValue[] {
  if (task.aggregate) return task.aggregate(scores);
  const { subset } = task;
  if (subset) {
    const names = docs.map((doc) => subset(doc));
    return task.metrics.map((metric) => poolSubsets(task, metric, scores, names));
  }
  return task.metrics.map(({ name }) => {
    const values = valuesOf(task, name, scores);
    return { metric: name, ...estimateMean(values), n: values.length };
  });
}

/** Parts in the order of their documents; `names` has the part of each document. */
function poolSubsets(task: Task, { name, over }: Metric, scores: Scores[], names: readonly string[]): MetricValue {
  const values = valuesOf(task, over?.metric ?? name, scores);
  const wanted = [...new Set(names)].filter((subset) => over?.subsets.includes(subset) ?? true);
  const estimates = wanted.map((subset) => {
    const own = values.filter((_, index) => names[index] === subset);
    return { subset, value: { ...estimateMean(own), n: own.length } };
  });
  const pooled = { metric: name, ...poolMeans(estimates.map(({ value }) => value)) };
  return over ? pooled : { ...pooled, subsets: Object.fromEntries(estimates.map((each) => [each.subset, each.value])) };
}

function valuesOf(task: Task, metric: string, scores: Scores[]): number[] {
  return scores.map(({ [metric]: value }) => {
    if (value === undefined) throw noScore(task, metric);
    return value;
  });
}

export function noScore(task: Task, metric: string): LowbitError {
  return new LowbitError(
    'TASK_DATA',
    `Task ${task.name} should score ${metric}, but its definition gives no value for it; correct the task.`,
  );
}
