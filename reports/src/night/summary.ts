import type { Night, RunDifference } from '@lowbit/core';
import { describeFindings } from '../difference/describe-difference.js';
import { formatDifference, formatPair, formatShift } from '../difference/format-figures.js';
import { shortenHash } from '../difference/hash.js';
import { describeRest } from '../difference/rows-view.js';
import { describeCounts, rankVerdict, verdictMarks } from '../difference/verdict.js';
import { escapeMarkdown } from '../escape-markdown.js';
import { formatInstant } from '../format-instant.js';
import { joinRows, type NightRow } from './night-rows.js';

/** A comment of GitHub holds 65,536 characters, the page of a workflow's run 1 MiB: tables end before. */
const mostMoved = 60;
const mostRest = 100;

/** A night for a pull request: verdict, what is not the same, what changed; the rest is folded. */
export function renderSummary(night: Night): string {
  const rows = joinRows(night);
  const moved = rows.filter(({ picked }) => picked && picked.verdict !== 'same').sort((a, b) => rankOf(a) - rankOf(b));
  const rest = rows.filter(({ picked }) => picked?.verdict === 'same');
  const { againstBaseline, againstLast } = night;
  const isOne = againstBaseline !== undefined && againstBaseline.before.name === againstLast?.before.name;
  const parts = [
    `## ${escapeMarkdown(night.title)}: ${describeAlarm(night)}`,
    `**${describeVerdict(night)}**`,
    ...describeFindings({
      rows: moved.flatMap(({ picked }) => picked ?? []),
      layers: againstBaseline?.layers.length ? againstBaseline.layers : (againstLast?.layers ?? []),
    }).map(escapeMarkdown),
    describeRun(night),
    night.missingBaseline === undefined ? '' : `No baseline: ${escapeMarkdown(night.missingBaseline)}.`,
    renderMoved(moved.slice(0, mostMoved)),
    describeLeftOut(moved.length - mostMoved),
    ...(againstLast ? [renderChanges('the last night', againstLast)] : []),
    ...(againstBaseline && !isOne ? [renderChanges('the baseline', againstBaseline)] : []),
    renderRest(rest),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function describeAlarm({ alarm, againstBaseline, againstLast }: Night): string {
  if (alarm) return 'regression';
  return againstBaseline || againstLast ? 'no regression' : 'first night';
}

/** The verdict in words: `2 worse, 1 incomparable of 48.` */
export function describeVerdict({ counts, againstBaseline, againstLast }: Night): string {
  if (againstBaseline || againstLast) return describeCounts(counts);
  const failed = counts.failed > 0 ? ` ${counts.failed} failed.` : '';
  return `${counts.new} figures, nothing to compare them with yet.${failed}`;
}

function describeRun({ run, computed, reused, baseline, againstBaseline, againstLast }: Night): string {
  const against = [
    againstBaseline && `the baseline ${baseline} (${againstBaseline.before.name})`,
    againstLast && `the last night (${againstLast.before.name})`,
  ].filter((each) => each !== undefined);
  const compared = against.length > 0 ? `, compared with ${against.join(' and ')}` : '';
  const cells = `${computed} ${computed === 1 ? 'cell' : 'cells'} computed, ${reused} taken from earlier nights`;
  return escapeMarkdown(`Night ${run.name}, ${formatInstant(run.created)}${compared}. ${cells}.`);
}

function renderMoved(rows: readonly NightRow[]): string {
  return renderTable(
    ['verdict', 'against', 'model', 'recipe', 'task', 'metric', 'before', 'now', 'difference', 'rests on'],
    rows.flatMap(({ picked, against }) => {
      if (!picked) return [];
      const { sign, word } = verdictMarks[picked.verdict];
      const { before, after } = formatPair(picked);
      return [
        [
          ...[`${sign} ${word}`, against ?? '–', picked.model, picked.recipe, picked.task, picked.metric || '–'],
          ...[before, after, formatDifference(picked) ?? '–', describeRest(picked)],
        ],
      ];
    }),
  );
}

/** What differs between the two runs, and the layers whose errors moved. */
function renderChanges(what: string, { changes, layers, layersLeftOut = 0 }: RunDifference): string {
  const lines = changes.map((change) => [
    change.what,
    change.of || '–',
    shortenHash(change.before ?? '–'),
    shortenHash(change.after ?? '–'),
  ]);
  const shifts = layers.map(({ layer, recipe, figure, before, after }) => [
    ...[layer, recipe, figure, formatShift(before, after) ?? '–'],
  ]);
  return [
    fold(
      `What changed since ${what}: ${lines.length === 0 ? 'nothing that the runs record' : countOf(lines.length, 'fact')}`,
      renderTable(['what', 'of', 'before', 'now'], lines),
    ),
    shifts.length === 0
      ? ''
      : fold(
          `Layers whose errors moved since ${what}: ${shifts.length + layersLeftOut}`,
          renderTable(['layer', 'recipe', 'figure', 'change'], shifts),
          describeLeftOut(layersLeftOut),
        ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function renderRest(rows: readonly NightRow[]): string {
  if (rows.length === 0) return '';
  const table = renderTable(
    ['model', 'recipe', 'task', 'metric', 'now'],
    rows.slice(0, mostRest).flatMap(({ picked }) => {
      if (!picked) return [];
      return [[picked.model, picked.recipe, picked.task, picked.metric, formatPair(picked).after]];
    }),
  );
  return fold(`The same: ${countOf(rows.length, 'figure')}`, table, describeLeftOut(rows.length - mostRest));
}

/** Fixed words and counts only: the inside of a summary is HTML. */
function fold(summary: string, ...parts: string[]): string {
  const body = parts.filter((part) => part !== '');
  if (body.length === 0) return `${summary}.`;
  return [`<details><summary>${summary}</summary>`, ...body, '</details>'].join('\n\n');
}

function describeLeftOut(count: number): string {
  return count > 0 ? `And ${count} more, on the night's page.` : '';
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function rankOf({ picked }: NightRow): number {
  return picked ? rankVerdict(picked.verdict) : Infinity;
}

function renderTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return '';
  return [header, header.map(() => '---'), ...lines.map((line) => line.map(escapeMarkdown))]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}
