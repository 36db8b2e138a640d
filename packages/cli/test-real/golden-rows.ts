import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { runLowbit } from '../test/run-lowbit.js';

// SmolLM2 (made by make-smollm2.py) through the command line, against the recorded goldens: ../shared/reference/golden.
const golden = resolve('..', 'shared', 'reference', 'golden');
const checkpoint = join(homedir(), '.cache', 'lowbit', 'models', 'SmolLM2-135M-Instruct');

export interface GoldenRow {
  recipe: string;
  source: string;
  /** Mean loss of each of the first ten windows. */
  meanLosses: number[];
  perplexity: number;
  firstBlock?: Record<string, { hessianTrace: number; rtnError: number; gptqError: number }>;
}

export const goldenRows = (JSON.parse(await readFile(join(golden, 'perplexity.json'), 'utf8')) as { rows: GoldenRow[] })
  .rows;

/** What the rows state, and for float that torch's float32 sums carry 1.6e-5 of it (docs/decisions/0002). */
export const lossTolerances = {
  float: 2e-5,
  'rtn-w4-g64-sym': 1e-4,
  'rtn-w4-g64-asym': 1e-4,
  'rtn-w3-g64-asym': 1e-4,
  'rtn-w3-g64-sym': 1e-4,
};

/** The golden mean loss over the first windows. */
export function goldenLoss(name: string, windows: number): number {
  const losses = goldenRows.find(({ recipe }) => recipe === name)?.meanLosses.slice(0, windows) ?? [NaN];
  return losses.reduce((sum, value) => sum + value, 0) / losses.length;
}

/** Evaluates recipes on the first windows into the folder `run`; mean loss by recipe. */
export async function evaluate(
  recipes: readonly string[],
  windows: number,
  run: string,
): Promise<(recipe: string) => number> {
  const { status, stdout, stderr } = await runLowbit([
    ...['eval', checkpoint, '--json', '-o', run],
    ...['--tasks', 'wikitext2', '--window', '2048', '--windows', String(windows)],
    ...['--data', resolve('..', 'shared', 'data'), '--calibration', `token-ids:${join(golden, 'calibration.json')}`],
    ...recipes.flatMap((recipe) => ['--recipe', recipe]),
  ]);
  if (status !== 0) throw new Error(stderr.slice(-500));
  const { rows } = JSON.parse(stdout) as { rows: { recipe: string; value: number }[] };
  return (recipe) => Math.log(rows.find((row) => row.recipe === recipe)?.value ?? NaN);
}
