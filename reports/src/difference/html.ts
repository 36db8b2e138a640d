import type { RowVerdict, RunDifference } from '@lowbit/core';
import { readAssets } from '../html/assets.js';
import { compileTemplate } from '../html/render-template.js';
import { frame } from '../html/templates/frame.js';
import { viewChanges } from './changes-view.js';
import { describeBasis, describeFindings, titleOf } from './describe-difference.js';
import { viewRows } from './rows-view.js';
import { changes, differencePage, headline, label, layerShifts, verdictRows } from './templates.js';
import { countVerdicts, rankVerdict } from './verdict.js';
import { viewHeadline } from './headline-view.js';

/** Two runs beside each other as one HTML document that needs nothing beside itself. */
export async function renderDifferenceHtml(difference: RunDifference): Promise<string> {
  const { rows } = difference;
  const found = countVerdicts(rows);
  // The sort is stable: within a verdict the order of the table stays.
  const moved = rows
    .filter(({ verdict }) => verdict !== 'same')
    .sort((a, b) => rankVerdict(a.verdict) - rankVerdict(b.verdict));
  const same = rows
    .filter(({ verdict }) => verdict === 'same')
    .sort((a, b) => Number(hasMoved(b)) - Number(hasMoved(a)));
  const render = compileTemplate(differencePage, { changes, frame, headline, label, layerShifts, verdictRows });
  return render({
    title: titleOf(difference),
    headline: viewHeadline(found),
    findings: describeFindings(difference),
    basis: describeBasis(difference),
    moved: {
      id: 'moved-rows',
      heading: 'Not the same',
      caption: 'Figures that are not the same, the most alarming first',
      rows: viewRows(moved, 'moved-', rows),
    },
    same: {
      id: 'same-rows',
      heading: 'The same',
      caption: 'Figures that are the same',
      summary: describeSame(same),
      rows: viewRows(same, 'same-', rows),
    },
    changes: viewChanges(difference),
    ...(await readAssets(['verdicts.css'])),
  });
}

/** What moved although it is called the same must not be lost in the fold. */
function describeSame(same: readonly RowVerdict[]): string {
  const cached = same.filter(({ test }) => test === 'digest').length;
  const moved = same.filter(hasMoved).length;
  return [
    moved > 0 ? `${moved} moved within what its test allows` : '',
    cached > 0 ? `${cached} not computed again` : 'all computed again',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function hasMoved({ before, after }: RowVerdict): boolean {
  return before !== after;
}
