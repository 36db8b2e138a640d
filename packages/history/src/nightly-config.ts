import { dirname, resolve } from 'node:path';
import { describeIssue, z } from '@lowbit/core';

const pattern = z.string().min(1).default('*');
const name = z.string().regex(/^[\w.-]+$/, 'use letters, digits, dot, dash and underscore');

const schema = z.strictObject({
  /** Path of an experiment file, or what such a file holds. */
  experiment: z.union([z.string(), z.record(z.string(), z.unknown())]),
  /** Folder of the nights; beside this file by default. */
  history: z.string().default('history'),
  /** Name of the night that each night is compared with. */
  baseline: name.default('main'),
  /** Relative, by metric: what a figure may move by and still count as the same. */
  tolerances: z.record(z.string(), z.number().min(0)).default({}),
  /** Of the paired tests. */
  level: z.number().gt(0.5).lt(1).default(0.95),
  /** Cells whose seconds and memory are measured anew each night; `*` stands for any characters. */
  measure: z.array(z.strictObject({ model: pattern, recipe: pattern, task: pattern })).default([]),
  /** How often each is measured; the median counts. */
  trials: z.int().min(1).default(5),
  /** Share of its processors that others may take before a trial is made again, or a time not judged; 1 judges it all. */
  crowding: z.number().min(0).max(1).default(0.05),
  /** Seconds before a time that is far off is measured once more: a slow spell of the machine should be over by then. */
  pause: z.number().min(0).max(3600).default(30),
  /** Nights that stay; baselines stay whatever their age. */
  keep: z.int().min(2).default(90),
  /** What a reader must know beside the figures. */
  notes: z.array(z.string()).default([]),
});

/** What a nightly file holds. */
export type NightlySpec = z.input<typeof schema>;

/** Cells by name, with `*` for any characters. */
export interface CellPattern {
  model: string;
  recipe: string;
  task: string;
}

/** A nightly file with every default filled in and its folders absolute. */
export interface NightlyConfig {
  /** Absolute path, or a value that is still to be checked. */
  experiment: string | Record<string, unknown>;
  history: string;
  baseline: string;
  tolerances: Record<string, number>;
  level: number;
  measure: CellPattern[];
  trials: number;
  crowding: number;
  pause: number;
  keep: number;
  notes: string[];
}

/** Identity, for its types: `export default defineNightly({...})`. */
export function defineNightly(nightly: NightlySpec): NightlySpec {
  return nightly;
}

/** Checks a nightly configuration that was read from `file`; its paths are relative to it. Throws EXPERIMENT_OPTION. */
export function parseNightly(value: unknown, file: string): NightlyConfig {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw describeIssue(parsed.error, value, file, Object.keys(schema.shape));
  const { experiment, history, ...rest } = parsed.data;
  const at = (path: string): string => resolve(dirname(resolve(file)), path);
  return {
    ...rest,
    experiment: typeof experiment === 'string' ? at(experiment) : experiment,
    history: at(history),
  };
}

/** Whether a cell's names fit one of the patterns. */
export function matchesCell(patterns: readonly CellPattern[], cell: CellPattern): boolean {
  return patterns.some(
    ({ model, recipe, task }) => fits(model, cell.model) && fits(recipe, cell.recipe) && fits(task, cell.task),
  );
}

function fits(pattern: string, text: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 's').test(text);
}
