import type { Kernels } from '@lowbit/kernels';
import { calibrate, lacksCalibration, needsCalibration } from './calibration/calibrate.js';
import type { CalibrationSample } from './calibration/samplers.js';
import { digestOf } from './digest.js';
import { LowbitError } from './errors.js';
import type { Experiment, RecipeChoice, TaskChoice } from './experiment.js';
import { fingerprintCode, fingerprintEngine, locatePlugin } from './fingerprint.js';
import type { Method } from './method.js';
import { checkWindows, listWindows } from './check-windows.js';
import type { WindowsRequest } from './check-windows.js';
import { isOutside } from './outside/model-name.js';
import type { ModelInfo } from './outside/model-info.js';
import { checkOutsideRecipes, planOutside } from './outside/plan-outside.js';
import { checkFinite } from './model/finite.js';
import { openCheckpoint } from './model/checkpoint.js';
import { checkTokenizer, openTokenizer } from './model/tokenizer.js';
import { checkBeside, nameBeside } from './plan-beside.js';
import { planRecipe } from './plan-recipe.js';
import { recordRecipe, resolveRecipe, resolveSteps } from './recipe.js';
import type { ResolvedRecipe } from './recipe.js';
import type { Registry } from './registry.js';
import type { CellKey, ModelRecord, RecipeRecord, TaskRecord } from './store/types.js';
import { inspectSubject } from './subject.js';
import { asksQuestions, countExamples, openExamples } from './scoring/few-shot.js';
import { openChat } from './scoring/prompts.js';
import { openDataFolder } from './task-data.js';
import { expandGroups } from './task-group.js';
import type { TaskGroup } from './task-group.js';
import type { Task } from './task.js';

/** What an experiment comes down to on this machine: every cell with the digest of all that can change its value. */
export interface Plan {
  digest: string;
  models: PlannedModel[];
  recipes: RecipeRecord[];
  tasks: PlannedTask[];
  /** Named by the experiment; their members are among the tasks. */
  groups: TaskGroup[];
  /** In table order: models, recipes, tasks. */
  cells: PlannedCell[];
  /** Of the engine, without the plugins. */
  fingerprint: string;
  /** sha256 over the code of each method and task of a plugin, by its name. */
  code: Record<string, string>;
}

export interface PlannedModel {
  record: ModelRecord;
  info: ModelInfo;
  calibration: CalibrationSample | undefined;
  /** The model in whose table its row stands; undefined: its own. */
  beside?: string | undefined;
  /** sha256 of its chat template, where the experiment asks for it. */
  chatTemplate?: string | undefined;
  /** What has to be quantized of it. */
  artifacts: { digest: string; recipe: ResolvedRecipe }[];
}

export interface PlannedTask {
  task: Task;
  choice: TaskChoice;
  record: TaskRecord;
  /** Its texts that are cut into windows. */
  windows: WindowsRequest[];
}

export interface PlannedCell extends CellKey {
  /** Name of the model that is scored, where it stands beside another; else that of the cell. */
  owner: string;
  /** Digest of the artifact that is scored; undefined: the model itself. */
  artifact: string | undefined;
  /** Digest of the float cell of the same model and task that it is compared with. */
  baseline: string | undefined;
}

export interface PlanRequest {
  experiment: Experiment;
  registry: Registry;
  kernels: Kernels;
}

/** Reads headers, task files and calibration text; everything that can be refused before long work is refused here. */
export async function makePlan({ experiment, registry, kernels }: PlanRequest): Promise<Plan> {
  const recipes = experiment.recipes.map((choice) => resolveChoice(choice, registry));
  requireDistinct(
    'recipe',
    recipes.map(({ name }) => name),
  );
  checkOutsideRecipes(experiment, recipes);
  const { tasks: choices, groups } = expandGroups(experiment.tasks, registry);
  for (const named of [choices, groups])
    requireDistinct(
      'task',
      named.map(({ name }) => name),
    );
  const { ropeFrequencies, execution } = experiment;
  const fingerprint = await fingerprintEngine(kernels, experiment.device);
  const tasks: PlannedTask[] = [];
  for (const choice of choices) tasks.push(await planTask(choice, experiment, registry));
  const models: PlannedModel[] = [];
  const cells: PlannedCell[] = [];
  const codes = new CodeHashes(registry);
  const records: RecipeRecord[] = [];
  for (const { name, path, beside } of experiment.models) {
    const planned = isOutside(path)
      ? await planOutside(name, path, tasks, experiment, kernels)
      : await planModel(name, path, recipes, tasks, experiment, kernels);
    const model = { ...planned, beside };
    models.push(model);
    const seen = new Map<string, string>();
    const own = nameBeside(model, name, recipesOf(model.info, recipes));
    records.push(...own.map(({ record }) => record));
    const describe = async ({ record, resolved }: (typeof own)[number]): Promise<object> => ({
      model: { digest: model.info.digest, tokenizer: model.record.tokenizerDigest },
      source: model.record.source,
      steps: record.steps,
      calibration: needsCalibration(resolved) ? describeCalibration(model.calibration) : undefined,
      precision: 'simulated',
      fingerprint,
      methods: await Promise.all(resolved.steps.map(({ method }) => codes.of(method))),
    });
    const digestCell = async (made: object, precision: string, task: PlannedTask, baseline?: string): Promise<string> =>
      digestOf({ ...made, precision, ropeFrequencies, task: await describeTask(task, model, codes), baseline });
    const float = model.info.recipe === undefined ? own.find(({ resolved }) => resolved.steps.length === 0) : undefined;
    const baselineMade = experiment.distance && float ? await describe(float) : undefined;
    for (const recipe of own) {
      const made = await describe(recipe);
      const twin = seen.get(digestOf(made));
      if (twin !== undefined)
        throw new LowbitError(
          'EXPERIMENT_OPTION',
          `Expected recipes that differ, but '${twin}' and '${recipe.record.name}' come to the same steps; leave one of them out.`,
        );
      seen.set(digestOf(made), recipe.record.name);
      const artifact = recipe.resolved.steps.length > 0 ? digestOf(made) : undefined;
      if (artifact !== undefined) model.artifacts.push({ digest: artifact, recipe: recipe.resolved });
      // A float model has no codes to execute.
      const precision = artifact === undefined && model.info.recipe === undefined ? 'simulated' : execution;
      for (const task of tasks) {
        const isCompared = baselineMade !== undefined && recipe !== float;
        const baseline = isCompared ? await digestCell(baselineMade, 'simulated', task) : undefined;
        const digest = await digestCell(made, precision, task, baseline);
        const names = { model: beside ?? model.record.name, recipe: recipe.record.name, task: task.task.name };
        cells.push({ digest, ...names, owner: model.record.name, artifact, baseline });
      }
    }
  }
  requireDistinct(
    'model',
    models.map(({ record }) => record.name),
  );
  checkBeside(models, cells);
  const digest = digestOf(cells.map((cell) => [cell.model, cell.recipe, cell.task, cell.digest]));
  return { digest, models, recipes: uniqueByName(records), tasks, groups, cells, fingerprint, code: codes.named() };
}

/** An artifact is a model that brings its recipe; a checkpoint takes the experiment's. */
function recipesOf(
  info: ModelInfo,
  recipes: readonly ResolvedRecipe[],
): { record: RecipeRecord; resolved: ResolvedRecipe }[] {
  if (info.recipe !== undefined) return [{ record: info.recipe, resolved: { name: info.recipe.name, steps: [] } }];
  return recipes.map((resolved) => ({ record: recordRecipe(resolved), resolved }));
}

function resolveChoice(choice: RecipeChoice, registry: Registry): ResolvedRecipe {
  if ('recipe' in choice) return resolveRecipe(choice.recipe, registry, choice.name);
  return resolveSteps(choice.steps, registry, choice.name);
}

async function planTask(choice: TaskChoice, experiment: Experiment, registry: Registry): Promise<PlannedTask> {
  const task = registry.findTask(choice.name);
  const data = openDataFolder(experiment.data ?? 'data');
  // Reads every row, so that a malformed file is found before the models are opened.
  const docs = await task.documents(data);
  if (docs.length === 0)
    throw new LowbitError(
      'TASK_DATA',
      `Task ${task.name} should have documents, but ${task.files.join(', ')} has none; put the official file in place.`,
    );
  const { name, version, description, source, metrics } = task;
  const count = countExamples(task, docs[0], choice.fewShot);
  await openExamples(task, docs, data, count);
  const asked = asksQuestions(task, docs[0]) ? { fewShot: count, chatTemplate: experiment.chatTemplate } : {};
  return {
    task,
    choice,
    windows: listWindows(task, docs),
    record: {
      ...{ name, version, description, source, metrics, ...asked, files: data.readFiles() },
      ...{ limit: choice.limit, window: choice.window, windows: choice.windows },
    },
  };
}

async function planModel(
  name: string | undefined,
  path: string,
  recipes: readonly ResolvedRecipe[],
  tasks: readonly PlannedTask[],
  experiment: Experiment,
  kernels: Kernels,
): Promise<PlannedModel> {
  const info = await inspectSubject(path, kernels);
  for (const { resolved } of recipesOf(info, recipes)) planRecipe(resolved, info.decoder);
  if (info.recipe === undefined) await checkFinite(await openCheckpoint(path, kernels), kernels);
  const tokenizer = await openTokenizer(path);
  checkTokenizer(tokenizer, info.decoder);
  for (const { choice, windows } of tasks) checkWindows(choice.window, windows, info, tokenizer);
  const chat = openChat(experiment.chatTemplate, tokenizer, info.name);
  const needing = recipesOf(info, recipes).find(({ resolved }) => needsCalibration(resolved));
  if (needing && !experiment.calibration) throw lacksCalibration(needing.record.name);
  const calibration = needing && (await calibrate(experiment, info));
  const { family, digest, parameters, bitsPerWeight } = info;
  const record: ModelRecord = {
    ...{ name: name ?? info.name, family, digest, parameters, bitsPerWeight, tokenizerDigest: tokenizer.digest },
    calibration: calibration?.record ?? info.calibration,
  };
  return { record, info, calibration, chatTemplate: chat?.template.sha256, artifacts: [] };
}

async function describeTask(
  { task, choice, record }: PlannedTask,
  model: PlannedModel,
  codes: CodeHashes,
): Promise<unknown> {
  const { limit, window, windows } = choice;
  const { files, fewShot, chatTemplate } = record;
  const asked = { fewShot, chatTemplate, template: chatTemplate && model.chatTemplate };
  const { name, version } = task;
  return { name, version, files, limit, window, windows, ...asked, code: await codes.of(task) };
}

/** Lengths are no part of the tokens' hash. */
function describeCalibration(sample: CalibrationSample | undefined): unknown {
  return sample && { tokenSha256: sample.record.tokenSha256, lengths: sample.sequences.map(({ length }) => length) };
}

function requireDistinct(kind: string, names: readonly string[]): void {
  const twin = names.find((name, i) => names.indexOf(name) !== i);
  if (twin !== undefined)
    throw new LowbitError(
      'EXPERIMENT_OPTION',
      `Expected each ${kind} once, but '${twin}' came twice; leave one out or name it otherwise.`,
    );
}

function uniqueByName(records: readonly RecipeRecord[]): RecipeRecord[] {
  return [...new Map(records.map((record) => [record.name, record])).values()];
}

/** Hash of the code of each plugin, computed once. */
class CodeHashes {
  readonly #hashes = new Map<string, Promise<string>>();
  readonly #named = new Map<string, string>();

  constructor(readonly registry: Registry) {}

  async of(entry: Method | Task): Promise<string | undefined> {
    const code = this.registry.codeOf(entry);
    if (code === undefined) return undefined;
    const own = await locatePlugin(code, entry.name);
    let hash = this.#hashes.get(own.href);
    if (hash === undefined) this.#hashes.set(own.href, (hash = fingerprintCode(own)));
    this.#named.set(entry.name, await hash);
    return hash;
  }

  /** Of all that was asked for, names in order. */
  named(): Record<string, string> {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
