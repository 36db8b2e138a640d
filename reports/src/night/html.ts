import type { Night } from '@lowbit/core';
import { viewChanges, viewLabel } from '../difference/changes-view.js';
import { formatBeside, formatDifference } from '../difference/format-figures.js';
import { describeBasis, describeFindings } from '../difference/describe-difference.js';
import { viewHeadline as viewCounts, type HeadlineView } from '../difference/headline-view.js';
import { describeRest, viewMetric } from '../difference/rows-view.js';
import { changes, headline, label, layerShifts } from '../difference/templates.js';
import { countVerdicts, listCounts, rankVerdict, verdictMarks } from '../difference/verdict.js';
import { readAssets } from '../html/assets.js';
import { compileTemplate } from '../html/render-template.js';
import { frame } from '../html/templates/frame.js';
import { joinRows, type NightRow } from './night-rows.js';
import { drawSparkline } from './sparkline.js';
import { nightPage, nightRows } from './templates.js';
import { viewTrends } from './trends-view.js';

/** A night as one HTML document that needs nothing beside itself. */
export async function renderNightHtml(night: Night): Promise<string> {
  const rows = joinRows(night);
  const moved = rows.filter(({ picked }) => picked && picked.verdict !== 'same').sort((a, b) => rankOf(a) - rankOf(b));
  const rest = rows.filter(({ picked }) => !picked || picked.verdict === 'same');
  const render = compileTemplate(nightPage, { changes, frame, headline, label, layerShifts, nightRows });
  const { againstBaseline, againstLast } = night;
  return render({
    title: night.title,
    headline: viewHeadline(night),
    findings: describeFindings(mergeFindings(night, moved)),
    run: viewLabel(night.run),
    baseline: againstBaseline ? { ...viewLabel(againstBaseline.before), as: night.baseline ?? '' } : null,
    last: againstLast ? viewLabel(againstLast.before) : null,
    missingBaseline: night.missingBaseline ?? null,
    computed: describeComputed(night),
    basis: describeBasis({ rows: moved.concat(rest).flatMap(({ picked }) => picked ?? []), level: levelOf(night) }),
    moved: {
      ...{
        id: 'moved-rows',
        heading: 'Not the same',
        caption: 'Figures that are not the same, the most alarming first',
      },
      rows: viewRows(moved, 'moved-'),
    },
    rest: {
      ...{
        id: 'same-rows',
        heading: againstBaseline || againstLast ? 'The same' : 'Figures of the first night',
        caption: 'Figures without a change',
      },
      isFirst: !againstBaseline && !againstLast,
      rows: viewRows(rest, 'same-'),
    },
    sinceLast: againstLast ? { ...viewChanges(againstLast), title: 'What changed since the last night' } : null,
    sinceBaseline:
      againstBaseline && againstBaseline.before.name !== againstLast?.before.name
        ? { ...viewChanges(againstBaseline), title: 'What changed since the baseline' }
        : null,
    trends: await viewTrends(moved, rest),
    nights: listNights(night),
    ...(await readAssets(['verdicts.css', 'night.css'])),
  });
}

function rankOf({ picked }: NightRow): number {
  return picked ? rankVerdict(picked.verdict) : Infinity;
}

function levelOf({ againstBaseline, againstLast }: Night): number {
  return (againstBaseline ?? againstLast)?.level ?? 0.95;
}

function viewHeadline({ counts, againstBaseline, againstLast, alarm }: Night): HeadlineView {
  if (!againstBaseline && !againstLast)
    return { counts: [], total: 0, text: 'The first night: nothing to compare with yet.', end: null };
  return viewCounts(counts, alarm ? undefined : 'No alarm.');
}

/** The findings of the comparison that the rows were picked from. */
function mergeFindings({ againstBaseline, againstLast }: Night, moved: readonly NightRow[]) {
  const layers = againstBaseline?.layers.length ? againstBaseline.layers : (againstLast?.layers ?? []);
  return { rows: moved.flatMap(({ picked }) => picked ?? []), layers };
}

function describeComputed({ computed, reused }: Night): string {
  return `${computed} cell${computed === 1 ? '' : 's'} computed, ${reused} taken from earlier nights`;
}

function viewRows(rows: readonly NightRow[], prefix: string) {
  const severalModels = new Set(rows.map(({ key }) => key.model)).size > 1;
  return rows.map(({ key, baseline, last, picked, against, series }, index) => {
    const now = picked ? picked.after : series?.points.at(-1)?.value;
    const values = [baseline?.before, last?.before, now];
    const texts = formatBeside(values, key);
    const show = (place: number) => ({ text: texts[place] ?? '', sort: toSort(values[place]) });
    return {
      id: `${prefix}${index + 1}`,
      model: severalModels ? key.model : null,
      recipe: key.recipe.split(/(?<=[,+(=])/),
      task: key.task,
      metric: key.metric === '' ? null : viewMetric(key),
      verdict: picked
        ? { ...verdictMarks[picked.verdict], against: picked.verdict === 'same' ? null : (against ?? null) }
        : null,
      baseline: show(0),
      last: show(1),
      now: show(2),
      difference: { text: (picked && formatDifference(picked)) ?? '–', sort: toSort(picked?.difference?.value) },
      spark: (series && drawSparkline(series)) ?? null,
      points: series ? `${series.points.length} night${series.points.length === 1 ? '' : 's'}` : '',
      rests: picked ? describeRest(picked) : '',
    };
  });
}

function toSort(value: number | undefined): string {
  return Number.isFinite(value) ? String(value) : '';
}

/** Every run of the series, the latest first, with what its points alarmed of. */
function listNights({ series, run: own, counts }: Night) {
  const nights = new Map<string, { label: ReturnType<typeof viewLabel>; created: string; alarms: number }>();
  for (const { run, verdict } of series.flatMap(({ points }) => points)) {
    const key = JSON.stringify([run.name, run.created]);
    const known = nights.get(key) ?? { label: viewLabel(run), created: run.created, alarms: 0 };
    if (verdict && verdictMarks[verdict].sense === 'worse') known.alarms++;
    nights.set(key, known);
  }
  return [...nights.values()]
    .sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0))
    .map(({ label, created, alarms }) => {
      // This night's are counted: what failed has no point, and some rows have no series.
      const isOwn = label.name === own.name && created === own.created;
      const known = isOwn ? counts : { ...countVerdicts([]), worse: alarms };
      return { ...label, alarms: listCounts(known).filter(({ sense }) => sense === 'worse') };
    });
}
