import { z } from 'zod';
import { LowbitError, reasonOf } from '../errors.js';
import type { CellResult, ModelRecord, RecipeRecord, TaskRecord } from '../store/types.js';
import { parsePythonJson } from './python-json.js';

const scalars = z.record(z.string(), z.unknown());

/** What a results file of lm-evaluation-harness has since 0.4.4, as far as it is read. */
const shape = z.object({
  results: z.record(z.string(), scalars),
  group_subtasks: z.record(z.string(), z.array(z.string())),
  configs: z.record(z.string(), scalars),
  versions: z.record(z.string(), z.union([z.string(), z.number()]).nullable()),
  'n-shot': z.record(z.string(), z.number().int()),
  higher_is_better: z.record(z.string(), z.record(z.string(), z.boolean().nullable())),
  'n-samples': z.record(
    z.string(),
    z.looseObject({ original: z.number().int().nullable(), effective: z.number().int().positive() }),
  ),
  config: z.object({
    model: z.string(),
    model_args: z.union([z.string(), scalars]).nullable(),
    model_num_parameters: z.number().int().positive().optional(),
    limit: z.number().nullable().optional(),
  }),
  model_name: z.string().min(1),
  lm_eval_version: z.string().optional(),
  total_evaluation_time_seconds: z.string().optional(),
  lowbit: z
    .looseObject({
      version: z.string(),
      model: z.looseObject({ name: z.string(), parameters: z.number(), bitsPerWeight: z.number() }),
      recipe: z.looseObject({ name: z.string(), steps: z.array(z.looseObject({ method: z.string() })) }),
      tasks: z.record(
        z.string(),
        z.looseObject({
          record: z.looseObject({ name: z.string(), metrics: z.array(z.looseObject({ name: z.string() })) }),
          counts: z.looseObject({ tokens: z.number(), computedTokens: z.number(), tokenSha256: z.string() }),
          rows: z.array(z.looseObject({ metric: z.string() })),
        }),
      ),
    })
    .optional(),
});

export type ResultsDocument = Omit<z.infer<typeof shape>, 'lowbit'> & { lowbit?: OwnFacts | undefined };

/** What we know of our own rows and the harness has no words for; its readers pass over it. */
export interface OwnFacts {
  version: string;
  model: ModelRecord;
  recipe: RecipeRecord;
  tasks: Record<string, OwnTask>;
}

export type OwnTask = { record: TaskRecord; rows: OwnRow[] } & Pick<
  CellResult,
  'counts' | 'layers' | 'execution' | 'seconds' | 'peakMemoryBytes'
>;

export type OwnRow = Pick<
  CellResult['rows'][number],
  'metric' | 'protocol' | 'higherIsBetter' | 'n' | 'bitsPerWeight' | 'precision' | 'executedLayers' | 'seconds'
>;

/** Reads a results file whole; IMPORT_UNREADABLE names the file and the first thing that is not as it should be. */
export function parseResults(text: string, path: string): ResultsDocument {
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (cause) {
    throw unreadable(path, `it is not whole JSON (${reasonOf(cause)})`);
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unreadable(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not'}`);
  }
  const document = value as ResultsDocument;
  for (const task of Object.keys(document.configs)) checkTask(document, task, path);
  for (const name of Object.keys(document.results))
    if (!(name in document.configs) && !(name in document.group_subtasks))
      throw unreadable(path, `results has ${name}, which is neither a task of configs nor a group`);
  if (Object.keys(document.configs).length === 0) throw unreadable(path, 'it has no task');
  return document;
}

function checkTask(document: ResultsDocument, task: string, path: string): void {
  for (const part of ['results', 'versions', 'n-shot', 'n-samples'] as const)
    if (!(task in document[part])) throw unreadable(path, `${part} lacks ${task}`);
  const figures = Object.entries(document.results[task] ?? {}).filter(([, value]) => typeof value === 'number');
  if (!Object.keys(document.results[task] ?? {}).some((key) => key.includes(',')))
    throw unreadable(
      path,
      `its metrics are not named metric,filter as by 0.4 and later (${figures.map(([key]) => key).join(', ')})`,
    );
}

export function unreadable(path: string, reason: string): LowbitError {
  return new LowbitError(
    'IMPORT_UNREADABLE',
    `Expected ${path} to be a whole file of lm-evaluation-harness 0.4.13, but ${reason}; write it anew or leave it out.`,
  );
}
