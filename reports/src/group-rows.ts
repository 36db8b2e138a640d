import type { CellResult, Row, TaskGroup } from '@lowbit/core';
import { indexCells } from './cell-index.js';
import type { RunData } from './run-data.js';

/** Of a group's mean: its members are accuracies, not always of one kind. */
export const groupMetric = 'meanAcc';

/**
 * The mean over a group's members for one model and recipe, from their cells; undefined where a member has no figure. The
 * standard error is that of a mean of independent estimates, sqrt(sum of squares) / members: tasks share no documents.
 */
export function averageGroup(group: TaskGroup, cells: readonly CellResult[]): Row | undefined {
  const rows = group.members.map(({ task, metric }) =>
    cells.find((cell) => cell.task === task)?.rows.find((row) => row.metric === metric),
  );
  const found = rows.filter((row) => row !== undefined);
  const [first] = found;
  if (!first || found.length < rows.length) return undefined;
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const squares = found.map(({ stderr }) => (typeof stderr === 'number' ? stderr ** 2 : Number.NaN));
  const stderr = Math.sqrt(sum(squares)) / found.length;
  return {
    ...first,
    task: group.name,
    metric: groupMetric,
    protocol: group.protocol,
    value: sum(found.map(({ value }) => value)) / found.length,
    stderr: Number.isNaN(stderr) ? undefined : stderr,
    n: sum(found.map(({ n }) => n)),
    higherIsBetter: true,
    seconds: sum(found.map(({ seconds }) => seconds)),
  };
}

/** The mean of every group of a run, by model and recipe in the order of the plan; only those that are complete. */
export function listGroupRows(run: RunData): Row[] {
  const index = indexCells(run);
  const pairs = new Map(
    run.manifest.cells.map(({ model, recipe }) => [JSON.stringify([model, recipe]), { model, recipe }]),
  );
  return [...pairs.values()].flatMap(({ model, recipe }) =>
    (run.manifest.groups ?? []).flatMap((group) => {
      const cells = group.members.flatMap(({ task }) => index.find(model, recipe, task) ?? []);
      return averageGroup(group, cells) ?? [];
    }),
  );
}

/** `six: mean of piqa accNorm, winogrande acc (QuaRot, mean/accNorm-else-acc)`. */
export function describeGroup({ name, members, source, protocol }: TaskGroup): string {
  return `${name}: mean of ${members.map(({ task, metric }) => `${task} ${metric}`).join(', ')} (${source}; ${protocol})`;
}
