import type { LayerShift, RunDifference } from '@lowbit/core';
import { formatFixed } from '../format-number.js';
import { formatDifference, formatPair, formatShift } from './format-figures.js';
import { verdictMarks } from './verdict.js';

export const figureWords: Record<LayerShift['figure'], string> = {
  weightError: 'weight error',
  outputError: 'output error',
  bitsPerWeight: 'bits per weight',
};

export function titleOf({ before, after }: Pick<RunDifference, 'before' | 'after'>): string {
  return before.name === after.name ? `${after.name}: two runs` : `${before.name} and ${after.name}`;
}

/** A sentence for the first row that is worse, and one for the layer that moved most: where a reader would look first. */
export function describeFindings({ rows, layers }: Pick<RunDifference, 'rows' | 'layers'>): string[] {
  const worse = rows.filter(({ verdict }) => verdict === 'worse');
  const [first] = worse.sort((a, b) => sizeOf(b) - sizeOf(a));
  const moved = describeMovedLayer(layers);
  return [
    ...(first ? [`${first.recipe} on ${first.task}: ${first.metric} ${describeMove(first)}.`] : []),
    ...(moved === undefined ? [] : [moved]),
  ];
}

/** The first of the layers that moved, as a sentence; undefined where none did. */
export function describeMovedLayer([layer]: readonly LayerShift[]): string | undefined {
  const shift = layer && formatShift(layer.before, layer.after);
  if (!layer || shift === undefined) return undefined;
  return `Most moved of its layers: ${layer.layer} of ${layer.recipe}, ${figureWords[layer.figure]} ${shift}.`;
}

/** `62.1 to 58.0 (−4.10 points), worse`. */
export function describeMove(row: RunDifference['rows'][number]): string {
  const { before, after } = formatPair(row);
  const difference = formatDifference(row);
  return `${before} to ${after}${difference === undefined ? '' : ` (${difference})`}, ${verdictMarks[row.verdict].word}`;
}

/** How the verdicts came about. */
export function describeBasis({ rows, level }: Pick<RunDifference, 'rows' | 'level'>): string {
  const has = (...tests: RunDifference['rows'][number]['test'][]): boolean =>
    rows.some(({ test }) => tests.includes(test));
  const percent = formatFixed((1 - level) * 100, level > 0.99 ? 1 : 0);
  const parts = [
    has('mcnemar', 'sign', 'bootstrap')
      ? `paired tests on the same documents at ${percent} %, Holm's correction over all of them`
      : '',
    has('tolerance') ? 'a relative tolerance where the figure is deterministic or measured' : '',
    has('series') ? 'a robust fit of the series for time and memory' : '',
    has('digest') ? 'the digest, where a cell was not computed again and so is the same' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'Nothing was compared.' : `Verdicts rest on ${parts.join('; ')}.`;
}

/** In standard terms of each row: relative to what was there. */
function sizeOf({ before, after }: RunDifference['rows'][number]): number {
  if (before === undefined || after === undefined || before === 0) return 0;
  return Math.abs(after / before - 1);
}
