import { join, relative, resolve } from 'node:path';
import { homedir } from 'node:os';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cacheFolder, LowbitError } from '@lowbit/core';
import type { Reproduction } from '@lowbit/core';
import { loadKernels } from '@lowbit/kernels';
import { assembleReproduction, findTable, planReproduction } from '@lowbit/papers';
import type { PlannedRun, ReproductionPlan, RunResult } from '@lowbit/papers';
import { listGroupRows } from '@lowbit/reports';
import { exitStatus } from '../exit-status.js';
import { findData } from '../find-data.js';
import type { Host } from '../host.js';
import { measureRate } from '../machine-rate.js';
import { createRegistry } from '../plugins.js';
import { formatCosts, formatReproduction, formatTableList } from '../reproduction-text.js';
import { writeReproduction } from '../write-reproduction.js';
import { execute } from './run.js';

export interface ReproduceOptions {
  models?: string;
  data?: string;
  rows: string[];
  output?: string;
  workers?: number;
  threads?: number;
  dryRun?: boolean;
  strict?: boolean;
  json?: boolean;
}

/** The model that comes with Lowbit. */
const embedded = { 'lowbit/stories260k': fileURLToPath(new URL('../../../../models/stories260k', import.meta.url)) };

/** `lowbit reproduce list|TABLE`: a paper's table beside our figures for the same models, recipes and protocol. */
export async function reproduce(name: string, options: ReproduceOptions, host: Host): Promise<number> {
  if (name === 'list') {
    process.stdout.write(`${formatTableList(options.json ?? false)}\n`);
    return exitStatus.done;
  }
  const registry = await createRegistry([]);
  const { rows: patterns, workers, threads } = options;
  const data = await findData(options.data);
  const plan = await planReproduction(findTable(name), {
    places: { roots: await listRoots(options.models), embedded, data },
    ...{ registry, kernels: await loadKernels(), patterns, workers, threads },
  });
  if (plan.rows.length === 0)
    throw new LowbitError(
      'USAGE',
      `Expected rows of ${name} that match '${patterns.join("' or '")}', got none; see --dry-run for all.`,
    );
  const rate = await measureRate(threads);
  if (options.dryRun) {
    const reproduction = assembleReproduction(plan, [], registry, rate);
    process.stdout.write(`${options.json ? JSON.stringify(reproduction) : formatCosts(reproduction, rate)}\n`);
    return exitStatus.done;
  }
  const folder = options.output ?? join('runs', 'reproduce', name);
  const results = await runAll(plan, folder, host);
  if (results === undefined) return exitStatus.interrupted;
  const reproduction = assembleReproduction(plan, results, registry, rate);
  await writeReproduction(reproduction, folder);
  const report = relative('.', join(folder, 'reproduction.html'));
  process.stdout.write(
    options.json ? `${JSON.stringify(reproduction)}\n` : `${formatReproduction(reproduction)}\nReport: ${report}\n`,
  );
  return decideStatus(reproduction, results, options.strict ?? false);
}

/** Undefined when it was interrupted; what is done is kept and not computed again. */
async function runAll(plan: ReproductionPlan, folder: string, host: Host): Promise<RunResult[] | undefined> {
  const results: RunResult[] = [];
  for (const run of plan.runs) {
    if (host.signal.aborted) return undefined;
    const result = await runOne(run, join(folder, run.folder), host);
    if (result === undefined) return undefined;
    results.push(result);
  }
  return results;
}

/** A model that cannot be run takes only its own rows with it. */
async function runOne(run: PlannedRun, folder: string, host: Host): Promise<RunResult | undefined> {
  try {
    const outcome = await execute(run.experiment, folder, host);
    if (outcome.interrupted) return undefined;
    return { run, cells: outcome.cells, means: listGroupRows(outcome) };
  } catch (error) {
    if (host.signal.aborted) return undefined;
    if (!(error instanceof LowbitError)) throw error;
    return { run, cells: [], means: [], failure: error.message };
  }
}

function decideStatus({ rows }: Reproduction, results: readonly RunResult[], strict: boolean): number {
  const isFailed = results.some(({ cells, failure }) => failure !== undefined || cells.some(({ error }) => error));
  if (isFailed) return exitStatus.someFailed;
  return strict && rows.some(({ verdict }) => verdict === 'outside') ? exitStatus.regression : exitStatus.done;
}

/** Where models are looked for: the folder given, else the hub's cache and Lowbit's own. */
async function listRoots(given: string | undefined): Promise<string[]> {
  const own = join(cacheFolder(), 'models');
  if (given === undefined) {
    const home = process.env['HF_HOME'] ?? join(homedir(), '.cache', 'huggingface');
    return [process.env['HF_HUB_CACHE'] ?? join(home, 'hub'), own];
  }
  const folder = resolve(given);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new LowbitError('USAGE', `Expected a folder of models at ${given}, found none; name one that is there.`);
  return [folder, join(folder, 'hub')];
}
