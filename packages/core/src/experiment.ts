import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { checkCalibration, parseCalibration } from './calibration/source.js';
import type { CalibrationSource } from './calibration/source.js';
import { describeIssue } from './describe-issue.js';
import { executions } from './execution.js';
import type { Execution } from './execution.js';
import type { RopeFrequencies } from './model/round-rope.js';
import { chatTurns } from './scoring/prompts.js';
import type { ChatTurns } from './scoring/prompts.js';
import { resolveModelPath } from './outside/model-name.js';
import type { StepSpec } from './parse-recipe.js';

const count = z.int().min(1);
const options = z.record(z.string(), z.unknown());
const match = z.string().regex(/^[^\s:;{}]+$/, 'use a name with * for any characters, or a role');
const override = z.union([z.strictObject({ match, options }), z.strictObject({ match, off: z.literal(true) })]);
const step = z.strictObject({
  method: z.string(),
  options: options.optional(),
  layers: z.array(override).optional(),
});
const calibration = z.strictObject({
  kind: z.enum(['wikitext2', 'c4', 'text', 'token-ids']),
  file: z.string().optional(),
  samples: count.optional(),
  sequenceLength: z.int().min(2).optional(),
  seed: z.int().min(0).optional(),
});

const schema = z.strictObject({
  /** Of the run; its folder is `runs/<name>`. */
  name: z.string().regex(/^[\w.-]+$/, 'use letters, digits, dot, dash and underscore'),
  title: z.string().optional(),
  /** What a reader must know beside the figures. */
  notes: z.array(z.string()).default([]),
  /** `beside`: a model that brings its recipe (artifact, GGUF file, server) as a row in the table of another. */
  models: z
    .array(
      z.union([
        z.string(),
        z.strictObject({ name: z.string().optional(), path: z.string(), beside: z.string().optional() }),
      ]),
    )
    .min(1),
  recipes: z
    .array(
      z.union([
        z.string(),
        z.strictObject({ name: z.string(), recipe: z.string() }),
        z.strictObject({ name: z.string(), steps: z.array(step) }),
      ]),
    )
    .min(1),
  tasks: z
    .array(
      z.union([
        z.string(),
        z.strictObject({
          name: z.string(),
          limit: count.optional(),
          window: z.int().min(2).optional(),
          windows: count.optional(),
          fewShot: z.int().min(0).optional(),
        }),
      ]),
    )
    .min(1),
  /** As on the command line, or its parts. */
  calibration: z.union([z.string(), calibration]).optional(),
  /** Folder of the tasks' files. */
  data: z.string().optional(),
  /** Documents, tokens per window and windows of each task that does not say its own. */
  limit: count.optional(),
  window: z.int().min(2).optional(),
  windows: count.optional(),
  /** Worked examples before each question of each task that does not say its own; default the task's. */
  fewShot: z.int().min(0).optional(),
  /** Prompts by the model's chat template: each example as turns of its own, or everything as one user turn. */
  chatTemplate: z.enum(chatTurns).optional(),
  device: z.string().default('cpu'),
  /** Models computed side by side; default 1. */
  workers: count.optional(),
  /** Of each worker; default cores / workers. */
  threads: count.optional(),
  /** While scoring: `bfloat16` emulates a model that was cast as a whole (docs/decisions/0003). */
  ropeFrequencies: z.enum(['float32', 'bfloat16']).default('float32'),
  /** `executed`: products read the codes of weights, where onnxruntime has an operator for them (docs/architecture.md). */
  execution: z.enum(executions).default('simulated'),
  /** `false`: recipes are not compared with the float row token by token (docs/decisions/0012). */
  distance: z.boolean().default(true),
  /** Module files (beginning with `.` or `/`) or package names whose methods and tasks join the registry. */
  plugins: z.array(z.string()).default([]),
  /** Of the calibration's sampler, where it names none. */
  seed: z.int().min(0).optional(),
});

/** What an experiment file holds. */
export type ExperimentSpec = z.input<typeof schema>;

/** Identity, for its types: `export default defineExperiment({...})`. */
export function defineExperiment(experiment: ExperimentSpec): ExperimentSpec {
  return experiment;
}

export interface TaskChoice {
  /** Of a task; of a task file while the experiment is not yet expanded, its absolute path. */
  name: string;
  limit: number | undefined;
  window: number | undefined;
  windows: number | undefined;
  fewShot?: number | undefined;
}

export type RecipeChoice = { name: string; recipe: string } | { name: string; steps: StepSpec[] };

/** An experiment with every default filled in and every path absolute. */
export interface Experiment {
  name: string;
  title: string;
  notes: string[];
  models: { name: string | undefined; path: string; beside?: string | undefined }[];
  recipes: RecipeChoice[];
  tasks: TaskChoice[];
  /** `shown` is the source as written, without this machine's folders. */
  calibration: (CalibrationSource & { shown: string }) | undefined;
  data: string | undefined;
  chatTemplate?: ChatTurns | undefined;
  device: string;
  workers: number | undefined;
  threads: number | undefined;
  ropeFrequencies: RopeFrequencies;
  execution: Execution;
  distance: boolean;
  plugins: string[];
}

/** Checks an experiment that was read from `file`; its paths are relative to it. Throws EXPERIMENT_OPTION. */
export function parseExperiment(value: unknown, file: string): Experiment {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw describeIssue(parsed.error, value, file, Object.keys(schema.shape));
  const { data: spec } = parsed;
  const folder = dirname(resolve(file));
  const at = (path: string): string => resolve(folder, path);
  return {
    name: spec.name,
    title: spec.title ?? spec.name,
    notes: spec.notes,
    models: spec.models.map((model) =>
      typeof model === 'string'
        ? { name: undefined, path: resolveModelPath(model, at) }
        : { name: model.name, path: resolveModelPath(model.path, at), beside: model.beside },
    ),
    recipes: spec.recipes.map((recipe) => (typeof recipe === 'string' ? { name: recipe.trim(), recipe } : recipe)),
    tasks: spec.tasks.map((task) => {
      const own = nameTask(task);
      const { limit = spec.limit, window = spec.window, windows = spec.windows, fewShot = spec.fewShot } = own;
      const name = isTaskPath(own.name) ? at(own.name) : own.name;
      return { name, limit, window, windows, fewShot };
    }),
    calibration: spec.calibration === undefined ? undefined : readCalibration(spec.calibration, at, spec.seed),
    data: spec.data === undefined ? undefined : at(spec.data),
    chatTemplate: spec.chatTemplate,
    device: spec.device,
    workers: spec.workers,
    threads: spec.threads,
    ropeFrequencies: spec.ropeFrequencies,
    execution: spec.execution,
    distance: spec.distance,
    plugins: spec.plugins.map((plugin) => (plugin.startsWith('.') || isAbsolute(plugin) ? at(plugin) : plugin)),
  };
}

/** A task file or a folder of them, no name; `text:PATH` is a name. */
export function isTaskPath(name: string): boolean {
  return !/^\w{2,}:/.test(name) && /\.ya?ml$|[\\/]/.test(name);
}

function nameTask(task: string | Partial<TaskChoice>): Partial<TaskChoice> & { name: string } {
  return typeof task === 'string' ? { name: task } : { name: '', ...task };
}

function readCalibration(
  given: NonNullable<ExperimentSpec['calibration']>,
  at: (path: string) => string,
  seed: number | undefined,
): Experiment['calibration'] {
  const source = typeof given === 'string' ? parseCalibration(given) : checkCalibration(given);
  // `seed=first` asks for no seed in words.
  const silent = typeof given === 'string' ? !/,\s*seed\s*=/.test(given) : given.seed === undefined;
  const seeded = silent && source.kind !== 'token-ids' ? { ...source, seed } : source;
  if (source.file === undefined) return { ...seeded, shown: source.kind };
  return { ...seeded, file: at(source.file), shown: source.file };
}
