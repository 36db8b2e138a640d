import { isTaskPath } from '@lowbit/core';
import type { Experiment } from '@lowbit/core';
import { loadTaskFiles } from '@lowbit/tasks';

/** Task files by the names of the tasks in them; the files join the plugins, which every worker loads. */
export async function expandTaskFiles(experiment: Experiment): Promise<Experiment> {
  const plugins = new Set(experiment.plugins);
  const tasks: Experiment['tasks'] = [];
  for (const choice of experiment.tasks) {
    if (!isTaskPath(choice.name)) tasks.push(choice);
    else {
      plugins.add(choice.name);
      tasks.push(...(await loadTaskFiles(choice.name)).map(({ name }) => ({ ...choice, name })));
    }
  }
  return { ...experiment, tasks, plugins: [...plugins] };
}
