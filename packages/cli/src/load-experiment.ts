import { access, readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { LowbitError, parseExperiment } from '@lowbit/core';
import type { Experiment } from '@lowbit/core';
import { expandTaskFiles } from './expand-task-files.js';
import { findData } from './find-data.js';
import { importModule } from './import-module.js';

const modules = ['.ts', '.mts', '.js', '.mjs'];

/** An experiment file: JSON, or a module whose default export is one. */
export async function loadExperiment(file: string): Promise<Experiment> {
  return readExperiment(await readConfiguration(file, 'experiment'), file);
}

/** An experiment as it stood in `file`. */
export async function readExperiment(value: unknown, file: string): Promise<Experiment> {
  const experiment = await expandTaskFiles(parseExperiment(value, file));
  return { ...experiment, data: experiment.data ?? (await findData(undefined)) };
}

/** What a JSON file holds, or a module exports by default. Throws EXPERIMENT_FILE. */
export async function readConfiguration(file: string, what: 'experiment' | 'nightly'): Promise<unknown> {
  await access(file).catch((cause: unknown) => {
    throw new LowbitError(
      'EXPERIMENT_FILE',
      `Expected ${article(what)} file at ${file}, found none; name one that is there.`,
      { cause },
    );
  });
  try {
    if (extname(file) === '.json') return JSON.parse(await readFile(file, 'utf8'));
    if (modules.includes(extname(file))) return (await importModule(resolve(file)))['default'];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new LowbitError(
      'EXPERIMENT_FILE',
      `Expected ${file} to be ${article(what)} file that loads, but it does not (${reason}); correct it.`,
      { cause },
    );
  }
  throw new LowbitError(
    'EXPERIMENT_FILE',
    `Expected ${article(what)} file that ends in .json, ${modules.join(', ')}, got ${file}; rename it.`,
  );
}

function article(what: 'experiment' | 'nightly'): string {
  return what === 'experiment' ? 'an experiment' : 'a nightly';
}
