import { LowbitError } from './errors.js';
import type { TaskChoice } from './experiment.js';
import type { Registry } from './registry.js';

/**
 * Tasks under one name, and the mean that a paper prints of them. A group is no task: its figure is derived from the
 * members' rows when results are shown, never computed or stored as a cell.
 */
export interface TaskGroup {
  name: string;
  description: string;
  /** Who averages so. */
  source: string;
  /** Id of the averaging rule, shown beside the figure: `mean/accNorm-else-acc`. */
  protocol: string;
  /** One metric of each task, each with the same weight; higher is better in all. */
  members: readonly { task: string; metric: string }[];
}

/** What an experiment names, groups replaced by their members. A task named twice with the same limits is taken once. */
export function expandGroups(
  choices: readonly TaskChoice[],
  registry: Registry,
): { tasks: TaskChoice[]; groups: TaskGroup[] } {
  const groups = choices.flatMap(({ name }) => (registry.groups.has(name) ? [registry.groups.get(name)] : []));
  const tasks: TaskChoice[] = [];
  for (const choice of choices) {
    const group = groups.find(({ name }) => name === choice.name);
    if (group) checkMembers(group, registry);
    for (const { task: name } of group?.members ?? [{ task: choice.name }]) {
      const known = tasks.find((each) => each.name === name);
      if (known && (group || comesFromGroup(name, groups))) requireSameLimits(known, choice);
      else tasks.push({ ...choice, name });
    }
  }
  return { tasks, groups };
}

function comesFromGroup(task: string, groups: readonly TaskGroup[]): boolean {
  return groups.some(({ members }) => members.some((member) => member.task === task));
}

function checkMembers(group: TaskGroup, registry: Registry): void {
  for (const { task: name, metric } of group.members) {
    const { metrics } = registry.tasks.get(name);
    if (!metrics.some((each) => each.name === metric && each.higherIsBetter))
      throw new LowbitError(
        'TASK_UNKNOWN',
        `Expected ${name} to have ${metric}, higher being better, for the mean of ${group.name}, but it has ${metrics.map((each) => each.name).join(', ')}; correct the group.`,
      );
  }
}

function requireSameLimits(known: TaskChoice, other: TaskChoice): void {
  const keys = ['limit', 'window', 'windows'] as const;
  const differing = keys.find((key) => known[key] !== other[key]);
  if (differing !== undefined)
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `Expected one ${differing} for ${known.name}, which is named by itself and by a group, got ${known[differing] ?? 'none'} and ${other[differing] ?? 'none'}; give both the same.`,
    );
}
