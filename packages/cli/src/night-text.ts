import type { Night } from '@lowbit/core';
import {
  describeMovedLayer,
  describeRest,
  describeVerdict,
  formatDifference,
  formatPair,
  joinRows,
  rankVerdict,
  verdictMarks,
} from '@lowbit/reports';
import { alignLeft } from './text-table.js';

/** Rows that a terminal shows; the page has all. */
const most = 40;

/** A night on standard output: its verdict, what is not the same, and the layers that moved. */
export function formatNight(night: Night): string {
  const { title, missingBaseline, againstBaseline, againstLast } = night;
  const moved = joinRows(night)
    .flatMap(({ picked, against }) => (picked && picked.verdict !== 'same' ? [{ picked, against }] : []))
    .sort((a, b) => rankVerdict(a.picked.verdict) - rankVerdict(b.picked.verdict));
  const rows = moved.slice(0, most).map(({ picked, against }) => {
    const { sign, word } = verdictMarks[picked.verdict];
    const { before, after } = formatPair(picked);
    return [
      `${sign} ${word}`,
      ...[picked.model, picked.recipe, picked.task, picked.metric || '–', `${before} to ${after}`],
      ...[formatDifference(picked) ?? '–', against ? `against the ${against}` : '', describeRest(picked)],
    ];
  });
  const layers = againstBaseline?.layers.length ? againstBaseline.layers : (againstLast?.layers ?? []);
  const layer = describeMovedLayer(layers);
  return [
    `${title}: ${describeVerdict(night)}`,
    ...(missingBaseline === undefined ? [] : [`No baseline: ${missingBaseline}.`]),
    ...(rows.length > 0 ? ['', alignLeft(rows)] : []),
    ...(moved.length > most ? [`and ${moved.length - most} more`] : []),
    ...(layer === undefined ? [] : ['', layer]),
  ].join('\n');
}
