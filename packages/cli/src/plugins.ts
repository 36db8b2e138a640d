import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LowbitError, Registry } from '@lowbit/core';
import type { Plugin } from '@lowbit/core';
import { methods, presets } from '@lowbit/methods';
import { groups, isTaskFile, loadTaskFiles, tasks, textTasks } from '@lowbit/tasks';
import { importModule } from './import-module.js';

/** The only file that names concrete plugins. The main thread and each worker call it, so only names cross threads. */
export async function createRegistry(modules: readonly string[]): Promise<Registry> {
  const registry = new Registry();
  registry.add({ methods, presets }, new URL('.', import.meta.resolve('@lowbit/methods')));
  registry.add({ tasks, groups, taskMakers: textTasks }, new URL('.', import.meta.resolve('@lowbit/tasks')));
  for (const name of modules) {
    if (await holdsTasks(name)) {
      registry.add({ tasks: await loadTaskFiles(name) }, taskFileCode);
      continue;
    }
    const location = locate(name);
    registry.add(await loadPlugin(name, location), location);
  }
  return registry;
}

/** A task's version covers what its file says; its code is what reads such files. */
const taskFileCode = new URL('yaml/load-tasks.js', import.meta.resolve('@lowbit/tasks'));

/** A YAML file, or a folder, which no module is. */
async function holdsTasks(name: string): Promise<boolean> {
  if (isTaskFile(name)) return true;
  return isAbsolute(name) && (await stat(name).catch(() => undefined))?.isDirectory() === true;
}

/** A module file, or a package that the working folder has. */
function locate(name: string): URL {
  if (name.startsWith('.') || isAbsolute(name)) return pathToFileURL(resolve(name));
  try {
    return pathToFileURL(createRequire(resolve('package.json')).resolve(name));
  } catch (cause) {
    throw unloadable(name, cause);
  }
}

async function loadPlugin(name: string, location: URL): Promise<Plugin> {
  let module: Plugin & { default?: Plugin };
  try {
    module = await importModule(fileURLToPath(location));
  } catch (cause) {
    throw unloadable(name, cause);
  }
  const plugin = module.default ?? module;
  if (plugin.methods ?? plugin.tasks ?? plugin.taskMakers ?? plugin.groups ?? plugin.presets) return plugin;
  throw new LowbitError(
    'PLUGIN_LOAD',
    `Expected plugin ${name} to export methods, tasks, groups or presets, but it exports none of them; export const methods = [...].`,
  );
}

function unloadable(name: string, cause: unknown): LowbitError {
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new LowbitError(
    'PLUGIN_LOAD',
    `Expected plugin ${name} to be a module that loads, but it does not (${reason}); correct its path or code.`,
    { cause },
  );
}
