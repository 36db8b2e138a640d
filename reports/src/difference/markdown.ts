import type { RunDifference, RowVerdict } from '@lowbit/core';
import { escapeMarkdown } from '../escape-markdown.js';
import { formatInstant } from '../format-instant.js';
import { describeBasis, describeFindings, titleOf } from './describe-difference.js';
import { formatDifference, formatPair, formatRange, formatShift } from './format-figures.js';
import { shortenHash } from './hash.js';
import { describeRest } from './rows-view.js';
import { countVerdicts, describeCounts, rankVerdict, verdictMarks } from './verdict.js';

/** Verdict first, then what is not the same, what changed, and the layers that moved. */
export function renderDifferenceMarkdown(difference: RunDifference): string {
  const { before, after, rows, changes, layers } = difference;
  const moved = rows
    .filter(({ verdict }) => verdict !== 'same')
    .sort((a, b) => rankVerdict(a.verdict) - rankVerdict(b.verdict));
  const parts = [
    `# ${escapeMarkdown(titleOf(difference))}`,
    `**${describeCounts(countVerdicts(rows))}**`,
    ...describeFindings(difference).map(escapeMarkdown),
    `Before: ${escapeMarkdown(before.name)}, ${escapeMarkdown(formatInstant(before.created))}. After: ${escapeMarkdown(after.name)}, ${escapeMarkdown(formatInstant(after.created))}.`,
    describeBasis(difference),
    moved.length > 0 ? '## Not the same' : '',
    renderRows(moved),
    '## What changed',
    changes.length === 0
      ? 'Nothing that the two runs record.'
      : renderTable(
          ['what', 'of', 'before', 'after'],
          changes.map((change) => [
            change.what,
            change.of || '–',
            shortenHash(change.before ?? '–'),
            shortenHash(change.after ?? '–'),
          ]),
        ),
    layers.length > 0 ? '## Layers that moved' : '',
    renderTable(
      ['layer', 'recipe', 'figure', 'change'],
      layers.map(({ layer, recipe, figure, ...ends }) => [
        layer,
        recipe,
        figure,
        formatShift(ends.before, ends.after) ?? '–',
      ]),
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderRows(rows: readonly RowVerdict[]): string {
  return renderTable(
    ['verdict', 'model', 'recipe', 'task', 'metric', 'before', 'after', 'difference', 'rests on'],
    rows.map((row) => {
      const { sign, word } = verdictMarks[row.verdict];
      const { before, after } = formatPair(row);
      const range = formatRange(row);
      const difference = formatDifference(row) ?? '–';
      return [
        ...[`${sign} ${word}`, row.model, row.recipe, row.task, row.metric || '–', before, after],
        range === undefined ? difference : `${difference} (${range})`,
        describeRest(row),
      ];
    }),
  );
}

function renderTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return '';
  const rule = header.map(() => '---');
  return [header, rule, ...lines.map((line) => line.map(escapeMarkdown))]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}
