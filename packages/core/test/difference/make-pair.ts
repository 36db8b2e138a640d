import type { CellResult, ComparableRun, Manifest, Row } from '@lowbit/core';

export interface CellSpec {
  digest?: string;
  recipe?: string;
  task?: string;
  status?: 'done' | 'failed';
  /** Values by metric. */
  values?: Record<string, number | null>;
  row?: Partial<Row>;
  counts?: object;
  layers?: object[];
  samples?: object[];
}

export interface RunSpec {
  /** Undefined: planned and not there. */
  cells: (CellSpec | undefined)[];
  manifest?: object;
  environment?: object;
  task?: object;
}

export const metrics = [
  { name: 'acc', higherIsBetter: true },
  {
    name: 'perplexity',
    higherIsBetter: false,
    comparison: { test: 'bootstrap', score: 'logprob', weight: 'tokens', scale: 'perplexity' },
  },
  { name: 'decodeRate', higherIsBetter: true, measured: true, protocol: 'measured/tg' },
  { name: 'timeToFirstToken', higherIsBetter: false, measured: true, protocol: 'measured/pp' },
];

const lowerIsBetter = ['perplexity', 'kl', 'timeToFirstToken'];

/** A run of model `m` as `readRun` gives it, with one task unless the cells name others. */
export function makeRun({ cells, manifest, environment, task }: RunSpec, name = 'run'): ComparableRun {
  const keys = cells.map((cell, i) => ({
    ...{ digest: cell?.digest ?? `${name}-${i}`, model: 'm', recipe: cell?.recipe ?? 'r', task: cell?.task ?? 't' },
  }));
  const results = cells.flatMap((cell, i) => {
    const key = keys[i];
    if (!cell || !key) return [];
    const rows = Object.entries(cell.values ?? {}).map(([metric, value]) => ({
      ...{ ...key, metric, value, n: 10, stderr: undefined, protocol: undefined },
      ...{ higherIsBetter: !lowerIsBetter.includes(metric), ...cell.row },
    }));
    return [
      {
        ...{ ...key, status: cell.status ?? 'done', rows, layers: cell.layers ?? [] },
        ...{ counts: { documents: cell.samples?.length ?? 1, tokenSha256: 'tokens', ...cell.counts } },
        ...(cell.status === 'failed' ? { error: { code: 'METHOD_FAILED', message: 'It fell over.' } } : {}),
      },
    ];
  });
  const whole = {
    ...{ name, created: '2026-01-01T00:00:00.000Z', notes: [], cells: keys },
    models: [{ name: 'm', digest: 'checkpoint' }],
    recipes: [{ name: 'r', steps: [{ method: 'rtn', version: '1', options: { bits: 4 } }] }],
    tasks: [...new Set(keys.map((key) => key.task))].map((each) => ({
      ...{ name: each, version: '1', metrics, files: [{ path: 'data.txt', sha256: 'data', bytes: 1 }] },
      ...task,
    })),
    environment: { processor: 'p', platform: 'linux 6 x64', cores: 2, onnxruntime: '1', ...environment },
    ...manifest,
  };
  const samples = new Map(cells.map((cell, i) => [keys[i]?.digest, cell?.samples]));
  return {
    manifest: whole as unknown as Manifest,
    cells: results as unknown as CellResult[],
    read: async (digest) =>
      samples
        .get(digest)
        ?.map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
  };
}

/** A line a document, right but for those named. */
export function answers(wrong: readonly number[], n = 40, target?: number): object[] {
  return Array.from({ length: n }, (_, i) => ({
    ...{ doc_id: i, acc: Number(!wrong.includes(i)), ...(target === undefined ? {} : { target_logprob: target - i }) },
  }));
}

/** A line a document with its loss, and their perplexity. */
export function losses(list: readonly number[]): { samples: object[]; perplexity: number } {
  const samples = list.map((loss, i) => ({ doc_id: i, logprob: -loss * 10, tokens: 10 }));
  return { samples, perplexity: Math.exp(list.reduce((sum, loss) => sum + loss, 0) / list.length) };
}
