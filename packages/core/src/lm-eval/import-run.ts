import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Kernels } from '@lowbit/kernels';
import { digestOf } from '../digest.js';
import { describeEnvironment } from '../environment.js';
import { LowbitError } from '../errors.js';
import { writeAtomic } from '../store/atomic-write.js';
import { RunStore } from '../store/run-store.js';
import type { Manifest, ModelRecord, RecipeRecord, TaskRecord } from '../store/types.js';
import { findHarnessFiles, readText, type HarnessFiles } from './find-files.js';
import { definitionOf, toCells, type ImportedFile } from './to-cells.js';

export interface ImportOptions {
  paths: readonly string[];
  /** The run's folder, new or empty. */
  folder: string;
  name: string;
  kernels: Kernels;
  /** One name for the models of all files, so that they are compared as recipes of one model. */
  model?: string | undefined;
  /** The recipe, by the name it gets here, whose weights are not quantized. */
  float?: string | undefined;
}

/**
 * Makes a run of lm-evaluation-harness's files: a row of cells for each results file, and the files themselves, as they are,
 * under `imported/`. All is read and checked before anything is written. Throws IMPORT_UNREADABLE, IMPORT_CONFLICT.
 */
export async function importHarnessRun(options: ImportOptions): Promise<Manifest> {
  const found = await findHarnessFiles(options.paths);
  const files: ImportedFile[] = [];
  for (const [i, each] of found.entries()) files.push(await toCells(each, `imported/${i}`, options.model));
  const manifest = describeRun(files, options);
  const store = await RunStore.open(options.folder);
  try {
    for (const [i, each] of found.entries()) await keep(each, join(options.folder, `imported/${i}`));
    for (const { cell, samples } of files.flatMap(({ cells }) => cells)) await store.writeCell(cell, samples);
    await store.writeManifest(manifest);
  } finally {
    await store.close();
  }
  return manifest;
}

async function keep({ path, text, samples }: HarnessFiles, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeAtomic(join(folder, basename(path)), text);
  for (const each of samples.values()) await writeAtomic(join(folder, basename(each)), await readText(each));
}

function describeRun(files: readonly ImportedFile[], { name, kernels, float }: ImportOptions): Manifest {
  requireApart(files);
  const cells = files.flatMap((file) =>
    file.cells.map(({ cell: { digest, model, recipe, task } }) => ({ digest, model, recipe, task })),
  );
  const recipes = unique(files.map(({ recipe }) => recipe)).map((recipe) => markFloat(recipe, float));
  if (float !== undefined && !recipes.some((recipe) => recipe.name === float))
    throw new LowbitError(
      'IMPORT_CONFLICT',
      `Expected a recipe of the files for --float, got '${float}'; name one of ${recipes.map((recipe) => recipe.name).join(', ')}.`,
    );
  const versions = new Set(files.flatMap((file) => file.cells.map(({ cell }) => cell.origin?.version ?? 'unknown')));
  return {
    formatVersion: 1,
    ...{ name, title: `${name}, imported` },
    notes: [
      `Imported from files in the form of lm-evaluation-harness (written by ${[...versions].join(', ')}), not computed here.`,
      ...files.flatMap(({ notes }) => notes),
    ],
    created: new Date().toISOString(),
    planDigest: digestOf(cells),
    models: mergeModels(files.map(({ model }) => model)),
    recipes,
    tasks: mergeTasks(files),
    calibration: undefined,
    environment: describeEnvironment(kernels, 'none', { workers: 0, threads: 0 }, ''),
    imported: files.map(({ path, recipe, model }) => `${basename(path)}: ${model.name}, ${recipe.name}`),
    cells,
  };
}

function requireApart(files: readonly ImportedFile[]): void {
  const known = new Map<string, string>();
  for (const { path, cells } of files)
    for (const { cell } of cells) {
      const key = JSON.stringify([cell.model, cell.recipe, cell.task]);
      const other = known.get(key);
      if (other !== undefined)
        throw new LowbitError(
          'IMPORT_CONFLICT',
          `Expected one result of ${cell.task} for ${cell.recipe} of ${cell.model}, got ${other} and ${path}; import one of them.`,
        );
      known.set(key, path);
    }
}

function mergeModels(models: readonly ModelRecord[]): ModelRecord[] {
  // What we scored ourselves knows more of its model.
  return unique([...models].sort((a, b) => Number(b.digest !== '') - Number(a.digest !== '')));
}

/** The metrics of all files, once each. */
function mergeTasks(files: readonly ImportedFile[]): TaskRecord[] {
  const tasks = new Map<string, { record: TaskRecord; path: string }>();
  for (const { path, cells } of files)
    for (const { task } of cells) {
      const known = tasks.get(task.name);
      if (known && definitionOf(known.record) !== definitionOf(task))
        throw new LowbitError(
          'IMPORT_CONFLICT',
          `Expected one definition of ${task.name}, got ${known.record.source} in ${known.path} and ${task.source} in ${path}; import them into two runs.`,
        );
      const record = known?.record ?? task;
      tasks.set(task.name, { record: { ...record, metrics: unique([...record.metrics, ...task.metrics]) }, path });
    }
  return [...tasks.values()].map(({ record }) => record);
}

function markFloat(recipe: RecipeRecord, float: string | undefined): RecipeRecord {
  return recipe.name === float ? { ...recipe, steps: [] } : recipe;
}

function unique<T extends { name: string }>(list: readonly T[]): T[] {
  return list.filter(({ name }, i) => list.findIndex((each) => each.name === name) === i);
}
