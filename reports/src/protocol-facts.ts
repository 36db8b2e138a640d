import type { RecipeRecord } from '@lowbit/core';
import { formatBytes, formatCount } from './format-number.js';
import type { ResultTable } from './result-table.js';
import type { RunData } from './run-data.js';

/** One line of a list of name and value. */
export interface Fact {
  name: string;
  value: string;
  /** A digest: shown short, copied in full. */
  isHash: boolean;
}

/** The order of the main tables, which is not the plan's; a recipe that no table has comes last. */
export function orderRecipes({ manifest }: RunData, tables: readonly ResultTable[]): RecipeRecord[] {
  const shown = tables.flatMap((table) => table.rows.map((row) => row.recipe));
  const names = new Set([...shown, ...manifest.recipes.map((recipe) => recipe.name)]);
  return [...names].flatMap((name) => manifest.recipes.find((recipe) => recipe.name === name) ?? []);
}

/** The calibration as name and value; empty when no recipe needed one. */
export function listCalibration({ manifest }: RunData): Fact[] {
  const { calibration } = manifest;
  if (!calibration) return [];
  return [
    fact('Source', calibration.source),
    fact('Samples', `${formatCount(calibration.samples)} × ${formatCount(calibration.sequenceLength)} tokens`),
    fact('Tokens', formatCount(calibration.tokens)),
    fact('Order', calibration.seed === undefined ? 'first in order' : `drawn with seed ${calibration.seed}`),
    hash('Token ids', calibration.tokenSha256),
  ];
}

export function listEnvironment({ manifest }: RunData): Fact[] {
  const { environment: own, imported } = manifest;
  if (imported) return [fact('Lowbit', own.lowbit), ...imported.map((file) => fact('Imported', file))];
  return [
    fact('Lowbit', own.lowbit),
    fact('Node', own.node),
    fact('onnxruntime', own.onnxruntime),
    fact('Platform', own.platform),
    fact('Processor', `${own.processor}, ${own.cores} ${own.cores === 1 ? 'core' : 'cores'}`),
    fact('Memory', formatBytes(own.memoryBytes)),
    fact('Kernels', `${own.kernels.implementation}, ${own.kernels.instructionSet}`),
    fact('Device', own.device),
    fact('Workers × threads', `${own.workers} × ${own.threadsPerWorker}`),
    hash('Fingerprint', own.fingerprint),
    hash('Plan', manifest.planDigest),
  ];
}

function fact(name: string, value: string): Fact {
  return { name, value, isHash: false };
}

function hash(name: string, value: string): Fact {
  return { name, value, isHash: true };
}
