import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LowbitError, reasonOf, type Task } from '@lowbit/core';
import { checkConfig } from './check-config.js';
import { createTask } from './create-task.js';
import { readConfig } from './read-config.js';

/**
 * lm-evaluation-harness's multiple-choice tasks from a YAML file, or from all of a folder; templates that others include,
 * and groups, are passed over there. TASK_FILE names the key that cannot be used.
 */
export async function loadTaskFiles(path: string): Promise<Task[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new LowbitError(
      'TASK_FILE',
      `Expected a task file or a folder of them at ${path}, found none (${reasonOf(cause)}); correct the path.`,
      { cause },
    );
  });
  if (!info.isDirectory()) return [await loadTask(path)];
  const names = (await readdir(path)).filter(isTaskFile).sort();
  const configs = await Promise.all(names.map(async (name) => ({ name, config: await readConfig(join(path, name)) })));
  const tasks = configs.filter(({ config }) => typeof config.task === 'string' && config.group === undefined);
  if (tasks.length > 0) return Promise.all(tasks.map(({ name }) => loadTask(join(path, name))));
  throw new LowbitError('TASK_FILE', `Expected YAML files with a task in ${path}, found none; correct the path.`);
}

export function isTaskFile(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

async function loadTask(file: string): Promise<Task> {
  const config = await readConfig(file);
  return createTask(checkConfig(config, file), file, config);
}
