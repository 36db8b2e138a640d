import { toSnakeCase } from '../scoring/samples.js';
import type { CellResult, Manifest, ModelRecord, RecipeRecord, Row, TaskRecord } from '../store/types.js';
import type { Metric } from '../task.js';
import { version } from '../version.js';
import { errorKey, splitKey, toKey } from './metrics.js';
import { toPythonText } from './python-json.js';
import type { OwnFacts, OwnTask } from './results.js';

/** The results file of one recipe of a model; `lowbit` holds what the harness has no words for. */
export function toDocument(manifest: Manifest, cells: readonly CellResult[]) {
  const [{ model: modelName, recipe: recipeName }] = cells as [CellResult];
  const model = manifest.models.find(({ name }) => name === modelName) as ModelRecord;
  const recipe = manifest.recipes.find(({ name }) => name === recipeName) as RecipeRecord;
  const tasks = cells.map((cell) => ({
    cell,
    record: manifest.tasks.find(({ name }) => name === cell.task) as TaskRecord,
  }));
  const byTask = <T>(value: (each: (typeof tasks)[number]) => T): Record<string, T> =>
    Object.fromEntries(tasks.map((each) => [each.record.name, value(each)]));
  const seconds = cells.reduce((total, { seconds: { quantize, load, score } }) => total + quantize + load + score, 0);
  const name = `${modelName}__${recipeName}`;
  const lowbit: OwnFacts = { version, model, recipe, tasks: byTask(({ cell, record }) => keepOwn(cell, record)) };
  const document = {
    results: byTask(({ cell, record }) => ({
      ...{ name: record.name, alias: record.name, sample_len: cell.counts.documents },
      ...Object.fromEntries(cell.rows.flatMap(toFigures)),
    })),
    group_subtasks: {},
    configs: byTask(({ record }) => ({
      ...{ task: record.name, description: '', num_fewshot: 0 },
      metadata: { version: harnessVersion(record), source: record.source },
    })),
    versions: byTask(({ record }) => harnessVersion(record)),
    'n-shot': byTask(() => 0),
    higher_is_better: byTask(({ cell }) =>
      Object.fromEntries(cell.rows.map(({ metric, higherIsBetter }) => [splitKey(metric).name, higherIsBetter])),
    ),
    'n-samples': byTask(({ cell: { counts }, record }) => ({
      // How many a limit left out is not kept.
      original: record.limit === undefined ? counts.documents : null,
      effective: counts.documents,
    })),
    config: {
      ...{ model: 'lowbit', model_args: { pretrained: modelName, recipe: recipeName } },
      ...{ model_num_parameters: model.parameters, device: manifest.environment.device, bootstrap_iters: 0 },
      limit: tasks[0]?.record.limit ?? null,
    },
    date: Date.parse(manifest.created) / 1000,
    ...{ model_source: 'lowbit', model_name: name },
    model_name_sanitized: name.replace(/["<>:/|\\?*[\]]+/g, '__'),
    total_evaluation_time_seconds: String(seconds),
    lowbit,
  };
  return { document, date: manifest.created.replace(/Z$/, '').replaceAll(':', '-') };
}

function keepOwn(
  { counts, layers, execution, seconds, peakMemoryBytes, rows }: CellResult,
  record: TaskRecord,
): OwnTask {
  return {
    ...{ record, counts, layers, execution, seconds, peakMemoryBytes },
    rows: rows.map(({ model: _m, recipe: _r, task: _t, value: _v, stderr: _s, ...rest }) => rest),
  };
}

function toFigures({ metric, value, stderr }: Row): [string, unknown][] {
  const key = toKey(metric);
  return [
    [key, value],
    [errorKey(key), stderr ?? 'N/A'],
  ];
}

/** Of the harness's own task where ours follows one. */
function harnessVersion({ source, version: own }: TaskRecord): number | string {
  const text = /lm-evaluation-harness \S+ (\S+)$/.exec(source)?.[1] ?? own;
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/** Samples as the harness writes them: log-probabilities as texts, a line for each filter, its metrics under their names. */
export function toSampleLines(lines: string, metrics: readonly Metric[]): string {
  const rows = lines.trimEnd().split('\n');
  const filters = [...new Set(metrics.map(({ name }) => splitKey(name).filter))];
  return filters
    .flatMap((filter) => rows.map((row) => `${JSON.stringify(toLine(JSON.parse(row) as Line, metrics, filter))}\n`))
    .join('');
}

type Line = Record<string, unknown> & { resps: unknown[][] };

function toLine({ doc_id, resps, ...rest }: Line, metrics: readonly Metric[], filter: string): Record<string, unknown> {
  const own = metrics.filter(({ name }) => splitKey(name).filter === filter);
  const values = own.flatMap(({ name, comparison }): [string, unknown][] => {
    const score = rest[toSnakeCase(comparison?.score ?? name)];
    const weight = comparison?.weight === undefined ? undefined : rest[toSnakeCase(comparison.weight)];
    if (score === undefined || comparison?.each === 'window') return [];
    return [[splitKey(name).name, weight === undefined ? score : [score, weight]]];
  });
  return {
    ...{
      doc_id,
      resps: toTexts(resps),
      filtered_resps: toTexts(resps.map((own) => (own.length === 1 ? own[0] : own))),
    },
    ...{ filter, metrics: values.map(([name]) => name) },
    ...rest,
    ...Object.fromEntries(values),
  };
}

function toTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toTexts);
  return typeof value === 'number' || typeof value === 'boolean' ? toPythonText(value) : value;
}
