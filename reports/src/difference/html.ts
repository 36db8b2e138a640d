import type { RunDifference } from '@lowbit/core';
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
  const same = rows.filter(({ verdict }) => verdict === 'same');
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
      summary: describeSame(difference),
      rows: viewRows(same, 'same-', rows),
    },
    changes: viewChanges(difference),
    ...(await readAssets(['verdicts.css'])),
  });
}

function describeSame({ rows }: RunDifference): string {
  const count = rows.filter(({ verdict, test }) => verdict === 'same' && test === 'digest').length;
  return count > 0 ? `${count} not computed again` : 'all computed again';
}
