import { z } from 'zod';
import { LowbitError } from '../errors.js';
import type { CellResult, Manifest } from './types.js';

/** Of manifests and cells, as they are written today. */
export const runFormatVersion = 1;

type Loose = Record<string, unknown>;
type Kind = 'manifest' | 'cell';

/**
 * What leads from a version to the one after it; the last completes what earlier writers of the present version left out, where
 * what they meant is certain. A change that readers cannot take for an omission raises the version and adds a step here.
 */
const migrations: Record<number, Record<Kind, (value: Loose) => Loose>> = {
  1: { manifest: completeManifest, cell: completeCell },
};

/** Metrics of questions: before there were worked examples they were asked without. */
const questionMetrics = ['acc', 'accNorm'];

function completeManifest(value: Loose): Loose {
  const { tasks } = value as unknown as Manifest;
  if (value['imported'] !== undefined) return value;
  const asked = (metrics: Manifest['tasks'][number]['metrics']): boolean =>
    metrics.some(({ name }) => questionMetrics.includes(name));
  return {
    ...value,
    tasks: tasks.map((task) => (task.fewShot === undefined && asked(task.metrics) ? { ...task, fewShot: 0 } : task)),
  };
}

function completeCell(value: Loose): Loose {
  const { rows, status, source, origin } = value as unknown as CellResult;
  if (status !== 'done' || origin !== undefined) return value;
  const isAsked = rows.some(({ metric }) => questionMetrics.includes(metric));
  const own = source === undefined && value['execution'] === undefined;
  return {
    ...value,
    rows: rows.map((row) => ({
      ...row,
      // Before there was a choice, all products were simulated.
      ...(own && row.precision === undefined && { precision: 'simulated' }),
      ...(isAsked && row.fewShot === undefined && { fewShot: 0 }),
    })),
  };
}

const text = z.string();
/** NaN is null in JSON: a number that an imported run's tool did not give. */
const figure = z.number().nullable();

const manifestShape = z.looseObject({
  name: text,
  title: text,
  notes: z.array(text),
  created: text,
  planDigest: text,
  models: z.array(z.looseObject({ name: text })),
  recipes: z.array(z.looseObject({ name: text, steps: z.array(z.looseObject({ method: text })) })),
  tasks: z.array(z.looseObject({ name: text, metrics: z.array(z.looseObject({ name: text })) })),
  groups: z
    .array(z.looseObject({ name: text, members: z.array(z.looseObject({ task: text, metric: text })) }))
    .optional(),
  environment: z.looseObject({}),
  cells: z.array(z.strictObject({ digest: text, model: text, recipe: text, task: text })),
});

const cellShape = z.looseObject({
  digest: text,
  status: z.enum(['done', 'failed']),
  error: z.looseObject({ code: text, message: text }).optional(),
  rows: z.array(
    z.looseObject({ metric: text, value: figure, stderr: figure.optional(), n: figure, higherIsBetter: z.boolean() }),
  ),
  counts: z.looseObject({ documents: figure, tokens: figure, tokenSha256: text }),
  layers: z.array(z.looseObject({ layer: text })),
  seconds: z.looseObject({ quantize: figure, load: figure, score: figure }),
});

/** A manifest of any version as one of today's. Throws RUN_UNREADABLE, with the file's path. */
export function parseManifest(value: unknown, path: string): Manifest {
  return parse('manifest', manifestShape, value, path) as unknown as Manifest;
}

/** A cell of any version as one of today's. Throws RUN_UNREADABLE, with the file's path. */
export function parseCell(value: unknown, path: string): CellResult {
  return parse('cell', cellShape, value, path) as unknown as CellResult;
}

function parse(kind: Kind, shape: z.ZodType, value: unknown, path: string): Loose {
  const version = typeof value === 'object' && value !== null && 'formatVersion' in value ? value.formatVersion : '';
  if (typeof version !== 'number') throw unreadable(path, 'it has no format version');
  if (version > runFormatVersion)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected ${path} to be of format version ${runFormatVersion} or before, got ${version}; read it with the newer Lowbit that wrote it.`,
    );
  if (migrations[version] === undefined)
    throw new LowbitError(
      'RUN_UNREADABLE',
      `Expected ${path} to be of format version ${Object.keys(migrations).join(' or ')}, got ${version}, which no Lowbit wrote; remove it and start the run again.`,
    );
  let migrated = value as Loose;
  for (let at = version; at < runFormatVersion; at++) migrated = migrations[at]?.[kind](migrated) ?? migrated;
  const parsed = shape.safeParse(migrated);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unreadable(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not'}`);
  }
  return { ...migrations[runFormatVersion]?.[kind](migrated), formatVersion: runFormatVersion };
}

export function unreadable(path: string, reason: string): LowbitError {
  return new LowbitError(
    'RUN_UNREADABLE',
    `Expected ${path} to be a file of a run, but it is not (${reason}); remove it and start the run again.`,
  );
}
