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
  await access(file).catch((cause: unknown) => {
    throw new LowbitError(
      'EXPERIMENT_FILE',
      `Expected an experiment file at ${file}, found none; name one that is there.`,
      { cause },
    );
  });
  const experiment = await expandTaskFiles(parseExperiment(await readValue(file), file));
  return { ...experiment, data: experiment.data ?? (await findData(undefined)) };
}

async function readValue(file: string): Promise<unknown> {
  try {
    if (extname(file) === '.json') return JSON.parse(await readFile(file, 'utf8'));
    if (modules.includes(extname(file))) return (await importModule(resolve(file)))['default'];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new LowbitError(
      'EXPERIMENT_FILE',
      `Expected ${file} to be an experiment that loads, but it does not (${reason}); correct it.`,
      { cause },
    );
  }
  throw new LowbitError(
    'EXPERIMENT_FILE',
    `Expected an experiment file that ends in .json, ${modules.join(', ')}, got ${file}; rename it.`,
  );
}
