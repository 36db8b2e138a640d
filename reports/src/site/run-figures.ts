import type { CellResult, Manifest, RecipeRecord } from '@lowbit/core';
import { listEnvironment } from '../protocol-facts.js';
import { formatOption, listOverrides } from '../recipe-series.js';
import type { RunData } from '../run-data.js';

/** A run as the page of any two runs reads it: figures with what decides whether they can be compared. */
export interface RunFigures {
  name: string;
  created: string;
  /** What can have moved a figure, as `what`, `of` and the value. */
  facts: [what: string, of: string, value: string][];
  cells: {
    model: string;
    recipe: string;
    task: string;
    /** Why there is no figure; null where there is. */
    failed: string | null;
    /** Two figures can be compared where these are alike. */
    basis: Record<string, string | number>;
    rows: FigureRow[];
  }[];
}

export interface FigureRow {
  metric: string;
  protocol: string | null;
  /** Null where it is no number. */
  value: number | null;
  stderr: number | null;
  higherIsBetter: boolean;
  measured: boolean;
}

/** A script that leaves the run's figures where the page looks: a file next to a page can be run, but not be read. */
export function renderRunScript(slug: string, run: RunData): string {
  const json = JSON.stringify(collectFigures(run)).replace(
    /[<\u2028\u2029]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `(globalThis.lowbitRuns ??= {})[${JSON.stringify(slug)}] = ${json};\n`;
}

export function collectFigures({ manifest, cells }: RunData): RunFigures {
  const measured = new Set(
    manifest.tasks.flatMap(({ name, metrics }) =>
      metrics.filter((each) => each.measured).map((each) => `${name} ${each.name}`),
    ),
  );
  return {
    name: manifest.name,
    created: manifest.created,
    facts: listFacts({ manifest, cells }),
    cells: cells.map((cell) => ({
      ...{ model: cell.model, recipe: cell.recipe, task: cell.task },
      failed: cell.status === 'failed' ? (cell.error?.code ?? 'failed') : null,
      basis: describeBasis(cell, manifest),
      rows: cell.rows.map(({ metric, protocol, value, stderr, higherIsBetter, task }) => ({
        ...{ metric, protocol: protocol ?? null, value: value ?? null, stderr: stderr ?? null, higherIsBetter },
        measured: measured.has(`${task} ${metric}`),
      })),
    })),
  };
}

function describeBasis({ task: name, counts, rows }: CellResult, { tasks }: Manifest): Record<string, string | number> {
  const task = tasks.find((each) => each.name === name);
  const { tokenSha256, promptSha256, documents } = counts;
  const all = {
    'task version': task?.version,
    'few-shot': rows[0]?.fewShot ?? task?.fewShot,
    'chat template': rows[0]?.chatTemplate ?? task?.chatTemplate,
    documents: Number.isFinite(documents) ? documents : undefined,
    'token ids': tokenSha256 || undefined,
    prompts: promptSha256,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number
  >;
}

function listFacts(run: RunData): RunFigures['facts'] {
  const { environment, models, recipes, tasks } = run.manifest;
  return [
    ...listEnvironment(run)
      .filter(({ name }) => name !== 'Plan')
      .map(({ name, value }): [string, string, string] => [name, '', value]),
    ...(environment.commit === undefined ? [] : [['Commit', '', environment.commit] as [string, string, string]]),
    ...models.flatMap(({ name, digest, tokenizerDigest, calibration }): [string, string, string][] => [
      ['Checkpoint', name, digest],
      ['Tokenizer', name, tokenizerDigest ?? '–'],
      ['Calibration tokens', name, (calibration ?? run.manifest.calibration)?.tokenSha256 ?? '–'],
    ]),
    ...recipes.flatMap(({ name, steps }) => describeRecipe(name, steps)),
    ...tasks.flatMap(({ name, version, limit, files }): [string, string, string][] => [
      ['Task version', name, version],
      ['Limit', name, String(limit ?? 'none')],
      ...files.map(({ path, sha256 }): [string, string, string] => ['Data', path, sha256]),
    ]),
  ];
}

/** The methods first, then each option by itself. */
function describeRecipe(name: string, steps: RecipeRecord['steps']): RunFigures['facts'] {
  const methods = steps.map(({ method, version }) => `${method} ${version}`).join(' + ') || 'float';
  return [
    ['Recipe', name, methods],
    ...steps.flatMap((step): RunFigures['facts'] => [
      ...Object.entries(step.options).map(([key, value]): [string, string, string] => [
        `${step.method} ${key}`,
        name,
        formatOption(value),
      ]),
      ...(step.layers
        ? [[`${step.method} layers`, name, listOverrides(step).join('; ')] as [string, string, string]]
        : []),
    ]),
  ];
}
