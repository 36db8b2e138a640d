import type { RunDifference } from '@lowbit/core';
import {
  countVerdicts,
  describeCounts,
  describeRest,
  formatDifference,
  formatPair,
  formatRange,
  formatShift,
  rankVerdict,
  shortenHash,
} from '@lowbit/reports';
import { alignLeft } from './text-table.js';

/** The counts, then every row that is not the same, the most alarming first, or that moved although it is called so. */
export function formatDifferenceTable({ before, after, rows }: RunDifference): string {
  const moved = rows
    .filter(({ verdict, reason }) => verdict !== 'same' || reason !== undefined)
    .sort((a, b) => rankVerdict(a.verdict) - rankVerdict(b.verdict));
  const head = `${before.name} (${before.created}) to ${after.name} (${after.created}): ${describeCounts(countVerdicts(rows))}\n`;
  if (moved.length === 0) return head;
  const lines = moved.map((row) => {
    const shown = formatPair(row);
    const range = formatRange(row);
    const difference = formatDifference(row) ?? '';
    return [
      ...[row.verdict, row.model, row.recipe, row.task, row.metric, shown.before, shown.after],
      range === undefined ? difference : `${difference} (${range})`,
      describeRest(row),
    ];
  });
  const titles = ['', 'model', 'recipe', 'task', 'metric', 'before', 'after', 'difference', 'rests on'];
  return `${head}\n${alignLeft([titles, ...lines])}\n`;
}

const shownLayers = 10;

/** What changed between the runs, and the layers that moved. */
export function formatChanges({ changes, layers, layersLeftOut }: RunDifference): string {
  const changed = changes.map(({ what, of, before, after }) => [
    what,
    of,
    shortenHash(before ?? '–'),
    shortenHash(after ?? '–'),
  ]);
  const moved = layers
    .slice(0, shownLayers)
    .map(({ layer, recipe, figure, before, after }) => [...[layer, recipe, figure, formatShift(before, after) ?? '–']]);
  const rest = Math.max(0, layers.length - shownLayers) + layersLeftOut;
  const more = rest > 0 ? `and ${rest} more\n` : '';
  return [
    changed.length > 0 ? `\n${alignLeft([['changed', 'of', 'before', 'after'], ...changed])}\n` : '',
    moved.length > 0 ? `\n${alignLeft([['layer', 'recipe', 'figure', 'change'], ...moved])}\n${more}` : '',
  ].join('');
}
