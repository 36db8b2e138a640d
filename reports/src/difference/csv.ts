import type { RunDifference } from '@lowbit/core';
import { formatCsv } from '../csv.js';

const columns = [
  ...['before', 'after', 'model', 'recipe', 'task', 'metric', 'protocol', 'higherIsBetter', 'measured', 'verdict'],
  ...['valueBefore', 'valueAfter', 'scale', 'difference', 'low', 'high', 'test', 'adjustedP', 'tolerance', 'reason'],
] as const;

/** One line a row, full precision. */
export function renderDifferenceCsv({ before, after, rows }: RunDifference): string {
  return formatCsv(
    columns,
    rows.map(({ before: valueBefore, after: valueAfter, difference, ...row }) => ({
      ...{ before: before.name, after: after.name },
      model: row.model,
      recipe: row.recipe,
      task: row.task,
      metric: row.metric,
      protocol: row.protocol,
      higherIsBetter: row.higherIsBetter,
      measured: row.measured,
      verdict: row.verdict,
      valueBefore,
      valueAfter,
      scale: difference?.scale,
      difference: difference?.value,
      low: difference?.low,
      high: difference?.high,
      test: row.test,
      adjustedP: row.adjustedP,
      tolerance: row.tolerance,
      reason: row.reason,
    })),
  );
}
