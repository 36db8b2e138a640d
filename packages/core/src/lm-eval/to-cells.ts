import { digestOf } from '../digest.js';
import type { CellResult, ModelRecord, RecipeRecord, Row, TaskRecord } from '../store/types.js';
import { readText, type HarnessFiles } from './find-files.js';
import { errorKey, toKey, toMetric, type HarnessMetric } from './metrics.js';
import { type OwnTask, type ResultsDocument } from './results.js';
import { parseSamples } from './samples.js';

/** What one results file becomes: a model, a recipe, and a cell for each of its tasks. */
export interface ImportedFile {
  path: string;
  model: ModelRecord;
  recipe: RecipeRecord;
  cells: ImportedCell[];
  /** What was left out and why. */
  notes: string[];
}

export interface ImportedCell {
  task: TaskRecord;
  cell: CellResult;
  /** In our form. */
  samples: string | undefined;
}

/** Cells of a results file; `model` replaces the name that it gives its model. Unknown numbers are NaN, null on disk. */
export async function toCells(
  files: HarnessFiles,
  folder: string,
  modelName: string | undefined,
): Promise<ImportedFile> {
  const { path, document } = files;
  const model = readModel(document, modelName);
  const recipe = document.lowbit?.recipe ?? readRecipe(document, modelName !== undefined);
  const result: ImportedFile = { path, model, recipe, cells: [], notes: [] };
  for (const task of Object.keys(document.configs))
    result.cells.push(await toCell(files, folder, task, { model, recipe, notes: result.notes }));
  return result;
}

async function toCell(
  { path, text, document, samples: paths }: HarnessFiles,
  folder: string,
  name: string,
  { model, recipe, notes }: Pick<ImportedFile, 'model' | 'recipe' | 'notes'>,
): Promise<ImportedCell> {
  const own = document.lowbit?.tasks[name];
  const metrics = readMetrics(document, name, path, own, notes);
  const task = own?.record ?? describeTask(document, name, metrics);
  const documents = document['n-samples'][name]?.effective ?? Number.NaN;
  const samplesPath = paths.get(name);
  const samplesText = samplesPath === undefined ? undefined : await readText(samplesPath);
  const samples =
    samplesPath === undefined ? undefined : parseSamples(samplesText ?? '', samplesPath, metrics, documents);
  if (samples === undefined) notes.push(`${path}: ${name} came without samples and is not compared.`);
  const names = { model: model.name, recipe: recipe.name, task: task.name };
  const seconds =
    Object.keys(document.configs).length === 1 ? Number(document.total_evaluation_time_seconds) : Number.NaN;
  const figures = document.results[name] ?? {};
  const rows = metrics.map(({ key, metric }): Row => {
    const known = own?.rows.find((row) => row.metric === metric.name);
    return {
      ...{ ...names, metric: metric.name, protocol: metric.protocol },
      value: asNumber(figures[key]) ?? Number.NaN,
      stderr: asNumber(figures[errorKey(key)]),
      ...{ n: documents, higherIsBetter: metric.higherIsBetter, bitsPerWeight: Number.NaN, seconds },
      ...known,
    };
  });
  const counts = { documents, tokens: Number.NaN, computedTokens: Number.NaN, tokenSha256: '' };
  const unknown = { layers: [], seconds: { quantize: Number.NaN, load: Number.NaN, score: seconds } };
  return {
    task,
    samples: samples?.lines,
    cell: {
      ...{ formatVersion: 1, digest: digestOf([names, text, samplesText]), ...names, status: 'done', rows },
      ...{ ...unknown, peakMemoryBytes: Number.NaN },
      ...(own && { layers: own.layers, execution: own.execution, seconds: own.seconds }),
      ...(own && { peakMemoryBytes: own.peakMemoryBytes }),
      counts: { ...(own?.counts ?? counts), promptSha256: samples?.promptSha256 },
      origin: {
        tool: 'lm-evaluation-harness',
        version: document.lm_eval_version ?? (document.lowbit && `Lowbit ${document.lowbit.version}`),
        task: name,
        folder,
      },
    },
  };
}

/** Metrics with a figure. What is no number, or of unknown direction, is left out with a note. */
function readMetrics(
  document: ResultsDocument,
  task: string,
  path: string,
  own: OwnTask | undefined,
  notes: string[],
): HarnessMetric[] {
  const figures = document.results[task] ?? {};
  const keys = Object.keys(figures).filter((key) => key.includes(',') && !key.includes('_stderr,'));
  return keys.flatMap((key) => {
    const name = key.slice(0, key.indexOf(','));
    const known = own?.rows.find((row) => toKey(row.metric) === key);
    const higher = known?.higherIsBetter ?? document.higher_is_better[task]?.[name] ?? undefined;
    const isFigure = figures[key] === null || typeof figures[key] === 'number';
    if (!isFigure) notes.push(`${path}: ${task} ${key} is left out, it is no number.`);
    else if (higher === undefined)
      notes.push(`${path}: ${task} ${key} is left out, the file does not say which way is better.`);
    if (!isFigure || higher === undefined) return [];
    const metric = toMetric(key, higher);
    return [
      { ...metric, metric: { ...metric.metric, ...own?.record.metrics.find((each) => toKey(each.name) === key) } },
    ];
  });
}

function readModel({ lowbit, model_name, config }: ResultsDocument, name: string | undefined): ModelRecord {
  if (lowbit) return { ...lowbit.model, name: name ?? lowbit.model.name };
  return {
    ...{ name: name ?? model_name, family: 'unknown', digest: '', tokenizerDigest: undefined },
    parameters: config.model_num_parameters ?? Number.NaN,
    bitsPerWeight: Number.NaN,
  };
}

/** The model's arguments; without the one that is its name, unless another name was given. */
function readRecipe({ config, model_name, lm_eval_version = '' }: ResultsDocument, keepsName: boolean): RecipeRecord {
  const options = readArguments(config.model_args);
  const kept = Object.entries(options).filter(([, value]) => keepsName || String(value) !== model_name);
  const text = kept.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return {
    name: text.length > 0 ? `${config.model}(${text.join(',')})` : config.model,
    steps: [{ method: config.model, version: lm_eval_version, options: Object.fromEntries(kept) }],
    bits: undefined,
  };
}

function readArguments(modelArguments: string | Record<string, unknown> | null): Record<string, unknown> {
  if (modelArguments === null || modelArguments === '') return {};
  if (typeof modelArguments !== 'string') return modelArguments;
  return Object.fromEntries(
    modelArguments.split(',').map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [part, 'True'] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
    }),
  );
}

/** Other numbers of worked examples make another task. */
function describeTask(document: ResultsDocument, name: string, metrics: readonly HarnessMetric[]): TaskRecord {
  const shots = document['n-shot'][name] ?? 0;
  const version = String(document.versions[name] ?? 'none');
  const { description } = document.configs[name] ?? {};
  const { limit } = document.config;
  const count = document['n-samples'][name];
  return {
    name: shots === 0 ? name : `${name} (${shots}-shot)`,
    version,
    description: typeof description === 'string' && description.trim() !== '' ? description.trim() : name,
    source: `lm-evaluation-harness ${name} ${version}`,
    metrics: metrics.map(({ metric }) => metric),
    limit: limit === null || limit === undefined ? undefined : count?.effective,
    files: [],
  };
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** What two tasks of one name must share to stand in one column: the harness's task and version. */
export function definitionOf({ source, version }: TaskRecord): string {
  const last = /lm-evaluation-harness (\S+) (\S+)$/.exec(source);
  return last ? `${last[1]} ${Number.isNaN(Number(last[2])) ? last[2] : Number(last[2])}` : `${source} ${version}`;
}
