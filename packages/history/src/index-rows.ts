import { createHash } from 'node:crypto';
import type { CellKey, CellResult, LeftOut, Manifest, Row, StoredRun } from '@lowbit/core/store';
import type { factColumns, layerColumns, RecordOf, rowColumns, runColumns } from './index-schema.js';

export interface RunRecords {
  run: RecordOf<typeof runColumns>;
  rows: RecordOf<typeof rowColumns>[];
  /** By the digest of the list. */
  layers: ReadonlyMap<string, readonly RecordOf<typeof layerColumns>[]>;
  facts: RecordOf<typeof factColumns>[];
}

type Environment = Partial<Manifest['environment']> & { commit?: string | undefined };

/** A run as lines of the index. `folder` is the name that it gets there. */
export function describeRun(
  { manifest, cells }: StoredRun,
  leftOut: readonly LeftOut[],
  { folder, signature }: { folder: string; signature: string },
): RunRecords {
  const environment: Environment = manifest.environment;
  const { lowbit, node, onnxruntime, platform, processor, cores, memoryBytes, device } = environment;
  const { workers, threadsPerWorker, fingerprint, commit, kernels } = environment;
  const count = (status: CellResult['status']): number => cells.filter((cell) => cell.status === status).length;
  const run = {
    ...{ run: manifest.name, folder, created: manifest.created, title: manifest.title },
    ...{ lowbit, commit, node, onnxruntime, platform, processor, cores, memoryBytes },
    kernels: kernels && `${kernels.implementation} ${kernels.instructionSet}`,
    ...{ device, workers, threadsPerWorker, fingerprint, planDigest: manifest.planDigest },
    imported: manifest.imported !== undefined,
    ...{ cells: manifest.cells.length, done: count('done'), failed: count('failed'), signature },
  };
  const layers = new Map<string, RecordOf<typeof layerColumns>[]>();
  const found = new Map(cells.map((cell) => [keyOf(cell), cell]));
  const broken = new Map(leftOut.flatMap(({ cell, reason }) => (cell ? [[keyOf(cell), reason]] : [])));
  const rows = manifest.cells.flatMap((key) => {
    const cell = found.get(keyOf(key));
    const layersDigest = cell && addLayers(layers, cell);
    const shared = { folder, layersDigest, broken: broken.get(keyOf(key)) };
    const list: (Row | undefined)[] = cell && cell.rows.length > 0 ? cell.rows : [undefined];
    return list.map((row) => describeRow(manifest, key, cell, row, shared));
  });
  return { run, rows, layers, facts: listFacts(manifest).map((fact) => ({ folder, ...fact })) };
}

function describeRow(
  manifest: Manifest,
  key: CellKey,
  cell: CellResult | undefined,
  row: Row | undefined,
  { folder, layersDigest, broken }: { folder: string; layersDigest: string | undefined; broken: string | undefined },
): RecordOf<typeof rowColumns> {
  const model = manifest.models.find(({ name }) => name === key.model);
  const recipe = manifest.recipes.find(({ name }) => name === key.recipe);
  const task = manifest.tasks.find(({ name }) => name === key.task);
  const calibration = model?.calibration ?? manifest.calibration;
  const counts = cell?.status === 'done' ? cell.counts : undefined;
  const { lowbit, fingerprint, processor }: Environment = manifest.environment;
  // One flat literal: spread parts cost more than reading the file.
  return {
    run: manifest.name,
    folder,
    created: manifest.created,
    model: key.model,
    modelDigest: model?.digest,
    recipe: key.recipe,
    bits: recipe?.bits,
    task: key.task,
    taskVersion: task?.version,
    fewShot: row?.fewShot ?? task?.fewShot,
    chatTemplate: row?.chatTemplate ?? task?.chatTemplate,
    metric: row?.metric,
    protocol: row?.protocol,
    value: row?.value,
    stderr: row?.stderr,
    n: row?.n,
    higherIsBetter: row?.higherIsBetter,
    measured: row && (task?.metrics.find(({ name }) => name === row.metric)?.measured ?? false),
    bitsPerWeight: row?.bitsPerWeight,
    precision: row?.precision,
    executedLayers: row?.executedLayers,
    fallbacks: cell?.layers.filter((layer) => layer.fallback !== undefined).length,
    source: row?.source ?? cell?.origin?.tool,
    status: cell?.status ?? (broken === undefined ? 'missing' : 'unreadable'),
    errorCode: cell?.error?.code,
    error: cell?.error?.message ?? broken,
    documents: counts?.documents,
    tokens: counts?.tokens,
    computedTokens: counts?.computedTokens,
    savedTokens: counts?.savedTokens,
    windows: counts?.windows,
    truncated: counts?.truncated,
    omitted: counts?.omitted,
    tokenSha256: counts?.tokenSha256 || undefined,
    calibration: calibration?.source,
    calibrationTokenSha256: calibration?.tokenSha256,
    cellDigest: key.digest,
    layersDigest,
    lowbit,
    fingerprint,
    processor,
    seconds: row?.seconds,
    secondsQuantize: cell?.seconds.quantize,
    secondsLoad: cell?.seconds.load,
    secondsScore: cell?.seconds.score,
    secondsTokenize: cell?.seconds.tokenize,
    peakMemoryBytes: cell?.peakMemoryBytes,
  };
}

function addLayers(known: Map<string, RecordOf<typeof layerColumns>[]>, { layers }: CellResult): string | undefined {
  if (layers.length === 0) return undefined;
  const layersDigest = createHash('sha256').update(JSON.stringify(layers)).digest('hex');
  if (!known.has(layersDigest))
    known.set(
      layersDigest,
      layers.map(({ layer, block, role, method, rows, cols, bitsPerWeight, fallback, ...errors }) => {
        const { weightError, outputError, squaredOutputError, rtnSquaredOutputError, hessianTrace } = errors;
        return {
          ...{ layersDigest, layer, block, role, method, rows, cols, bitsPerWeight, weightError, outputError },
          ...{ squaredOutputError, rtnSquaredOutputError, hessianTrace, fallback },
        };
      }),
    );
  return layersDigest;
}

/** In the words of a difference of two runs. */
function listFacts(manifest: Manifest): { what: string; of: string; value: string }[] {
  const environment: Environment = manifest.environment;
  const { lowbit, commit, node, onnxruntime, platform, processor, cores, device, kernels, fingerprint } = environment;
  const machine = { lowbit, commit, node, onnxruntime, platform, processor, cores, device, fingerprint };
  const facts: [string, string, unknown][] = [
    ...Object.entries(machine).map(([what, value]): [string, string, unknown] => [what, '', value]),
    ['kernels', '', kernels && `${kernels.implementation} ${kernels.instructionSet}`],
    ...manifest.models.flatMap(({ name, digest, tokenizerDigest, calibration }): [string, string, unknown][] => [
      ['checkpoint', name, digest],
      ['tokenizer', name, tokenizerDigest],
      ['calibration', name, calibration?.tokenSha256],
    ]),
    ...manifest.recipes.map(({ name, steps }): [string, string, unknown] => ['recipe', name, JSON.stringify(steps)]),
    ...manifest.tasks.flatMap(({ name, version, limit, fewShot, chatTemplate, files }): [string, string, unknown][] => [
      ['task', name, JSON.stringify({ version, limit, fewShot, chatTemplate })],
      ...(files ?? []).map(({ path, sha256 }): [string, string, unknown] => ['data', path, sha256]),
    ]),
  ];
  const known = new Map(facts.map((fact) => [JSON.stringify(fact.slice(0, 2)), fact]));
  return [...known.values()].flatMap(([what, of, value]) =>
    value === undefined || value === null ? [] : [{ what, of, value: String(value) }],
  );
}

function keyOf({ model, recipe, task }: Pick<CellKey, 'model' | 'recipe' | 'task'>): string {
  return JSON.stringify([model, recipe, task]);
}
