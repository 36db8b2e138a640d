import type { ReproducedRow, Reproduction } from '@lowbit/core';
import { readAssets } from '../html/assets.js';
import { compileTemplate } from '../html/render-template.js';
import { frame } from '../html/templates/frame.js';
import { formatBytes } from '../format-number.js';
import { formatCost } from './cost-text.js';
import { expectedTitle, formatRow, summariseReproduction } from './row-text.js';
import { reproductionPage } from './template.js';

/** A paper's table beside ours as one HTML document that needs nothing beside itself. */
export async function renderReproductionHtml(reproduction: Reproduction): Promise<string> {
  const { table, title, source, isStandIn, rows, missing } = reproduction;
  const tolerances = unique(rows.map(({ toleranceReason }) => toleranceReason));
  const differences = unique(rows.flatMap(({ notes }) => notes));
  const hasGroups = rows.some((row, index) => row.method === rows[index - 1]?.method);
  return compileTemplate(reproductionPage, { frame })({
    ...{ table, title, source },
    kicker: isStandIn ? 'Lowbit stand-in: no values of a paper' : 'Lowbit reproduction',
    finding: summariseReproduction(reproduction),
    expectedTitle: expectedTitle(reproduction),
    expectedWord: isStandIn ? 'the recorded value' : 'the paper',
    notes: reproduction.notes.map((text, index) => ({ word: isStandIn && index === 0 ? 'Stand-in' : 'Note', text })),
    rows: rows.map((row, index) => viewRow(row, rows[index - 1], tolerances, differences, hasGroups)),
    tolerances: tolerances.map((text, index) => ({ mark: letterOf(index), text })),
    differences: differences.map((text, index) => ({ mark: index + 1, text })),
    missing: missing.map(({ kind, name, cure, bytes }) => ({
      ...{ kind, name, cure },
      size: bytes === undefined ? '–' : formatBytes(bytes),
      sort: bytes ?? '',
    })),
    costs: rows.flatMap((row) => viewCost(row)),
    ...(await readAssets(['reproduction.css'])),
  });
}

function viewRow(
  row: ReproducedRow,
  before: ReproducedRow | undefined,
  tolerances: readonly string[],
  differences: readonly string[],
  hasGroups: boolean,
) {
  const text = formatRow(row);
  return {
    ...text,
    model: breakable(text.model),
    recipe: text.recipe === text.method ? [] : breakable(text.recipe),
    startsGroup: hasGroups && before !== undefined && before.method !== row.method,
    verdictClass: row.verdict.replace(' ', '-'),
    notes: unique(row.notes).map((note) => differences.indexOf(note) + 1),
    toleranceMark: letterOf(tolerances.indexOf(row.toleranceReason)),
    sort: {
      paper: row.expected,
      ours: row.ours ?? '',
      delta: row.delta ?? '',
      tolerance: row.tolerance ?? '',
    },
  };
}

function viewCost(row: ReproducedRow) {
  if (!row.cost) return [];
  const { method, model, measure } = formatRow(row);
  const { tokens, memoryBytes, diskBytes, downloadBytes, hours } = row.cost;
  return [
    {
      ...{ method, model, measure },
      ...formatCost(row.cost),
      sort: { tokens, memory: memoryBytes, disk: diskBytes, download: downloadBytes, hours },
    },
  ];
}

/** A name may break behind what joins its parts. */
function breakable(text: string): string[] {
  return text.match(/[^/+,(]*[/+,(]?/g)?.filter((part) => part !== '') ?? [];
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}

/** a, b, ... z, aa: as an ordered list counts. */
function letterOf(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}
