import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { differRuns, isAlarming, LowbitError, openComparable, writeAtomic } from '@lowbit/core';
import type { CellKey, Manifest } from '@lowbit/core';
import { renderDifference } from '@lowbit/reports';
import type { DifferenceFormat } from '@lowbit/reports';
import { formatChanges, formatDifferenceTable } from '../difference-text.js';
import { exitStatus } from '../exit-status.js';

const formats: readonly DifferenceFormat[] = ['html', 'md', 'json', 'csv'];

export interface CompareCommandOptions {
  output?: string;
  format: string[];
  tolerance: string[];
  level?: number;
  json?: boolean;
}

/** `lowbit compare RUN RUN`: what the later run says of the earlier one; status 1 where a row is worse, failed or incomparable. */
export async function compare(
  before: string,
  after: string,
  { output, format, tolerance, level, json }: CompareCommandOptions,
): Promise<number> {
  const wanted = checkFormats(format);
  const [earlier, later] = await Promise.all([openComparable(before), openComparable(after)]);
  const difference = await differRuns(earlier, later, { level, tolerances: parseTolerances(tolerance) });
  if (output !== undefined) {
    await mkdir(output, { recursive: true });
    for (const { file, content } of await renderDifference(difference, wanted))
      await writeAtomic(join(output, file), content);
  }
  if (json) process.stdout.write(`${JSON.stringify(difference)}\n`);
  else {
    process.stdout.write(`${formatDifferenceTable(difference)}${formatChanges(difference)}`);
    if (output !== undefined)
      process.stdout.write(`\nWritten: ${wanted.map((each) => `difference.${each}`).join(', ')}\n`);
  }
  if (!hasCommon(earlier.manifest, later.manifest))
    throw new LowbitError(
      'USAGE',
      `Expected two runs with cells in common, but no model, recipe and task of ${before} is in ${after}; compare runs of the same experiment.`,
    );
  return difference.rows.some(isAlarming) ? exitStatus.regression : exitStatus.done;
}

function checkFormats(names: readonly string[]): DifferenceFormat[] {
  const unknown = names.find((name) => !formats.some((known) => known === name));
  if (unknown !== undefined)
    throw new LowbitError('USAGE', `Expected formats of ${formats.join(', ')}, got '${unknown}'; name one of them.`);
  return formats.filter((name) => names.includes(name));
}

/** `perplexity=0.001`, `measured=0.2`: relative. */
function parseTolerances(given: readonly string[]): { metrics: Record<string, number>; measured: number | undefined } {
  const entries = given.map((text): [string, number] => {
    const at = text.lastIndexOf('=');
    const value = Number(text.slice(at + 1));
    if (at < 1 || text.slice(at + 1).trim() === '' || !(value >= 0 && value < Infinity))
      throw new LowbitError(
        'USAGE',
        `Expected a tolerance as METRIC=VALUE with a value of 0 or more, got '${text}'; write perplexity=0.001 for 0.1 %.`,
      );
    return [text.slice(0, at), value];
  });
  const { measured, ...metrics } = Object.fromEntries(entries);
  return { metrics, measured };
}

function hasCommon(before: Manifest, after: Manifest): boolean {
  const name = ({ model, recipe, task }: CellKey): string => JSON.stringify([model, recipe, task]);
  const names = new Set(before.cells.map(name));
  return after.cells.some((cell) => names.has(name(cell)));
}
