/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { readPrecisely } from '../text-table.js';
import type { TextCell, TextTable } from '../text-table.js';

/** A table of the page as text, rows as they are sorted and filtered; what only screen readers are told is left out. */
export function readTable(table: HTMLTableElement): TextTable {
  const { groups, heads } = readHeads(table);
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.hidden);
  return {
    groups,
    columns: heads.map((head, index) => ({
      label: head ? readText(head) : '',
      isText: index === 0 || (head?.classList.contains('text') ?? false),
    })),
    rows: rows.map((row) => [...row.cells].map(readCell)),
  };
}

/** The lowest header of each column, and what stands above several. */
function readHeads(table: HTMLTableElement): {
  groups: NonNullable<TextTable['groups']>;
  heads: (HTMLTableCellElement | undefined)[];
} {
  const grid: HTMLTableCellElement[][] = [];
  const lines = [...(table.tHead?.rows ?? [])];
  lines.forEach((line, y) => {
    let x = 0;
    for (const cell of line.cells) {
      while (grid[y]?.[x]) x++;
      for (let down = 0; down < cell.rowSpan; down++)
        for (let right = 0; right < cell.colSpan; right++) (grid[y + down] ??= [])[x + right] = cell;
    }
  });
  const heads = grid[lines.length - 1] ?? [];
  const above = lines.length > 1 ? (grid[0] ?? []) : [];
  const groups: NonNullable<TextTable['groups']> = [];
  heads.forEach((head, x) => {
    const over = above[x];
    const label = over && over !== head ? readText(over) : '';
    const last = groups.at(-1);
    if (last && above[x - 1] !== heads[x - 1] && over === above[x - 1]) last.span++;
    else if (last && last.label === '' && label === '') last.span++;
    else groups.push({ label, span: 1 });
  });
  return { groups, heads };
}

function readCell(cell: HTMLTableCellElement): TextCell {
  const value = cell.querySelector('.value');
  const key = cell.dataset['sort'] ?? '';
  if (!value) {
    const text = readText(cell);
    return { text, value: readPrecisely(text, key) };
  }
  const strong = value.querySelector('b');
  const stderr = value.querySelector('small');
  const delta = cell.querySelector('.delta.better, .delta.worse, .delta.near');
  const detail = cell.querySelector('.delta:not(.better, .worse, .near)');
  const plain = readText(value, 'small');
  return {
    text: cell.classList.contains('failed') && detail ? `${plain}: ${readText(detail)}` : plain,
    stderr: stderr ? readText(stderr).replace(/^±\s*/, '') : undefined,
    delta: delta ? readText(delta) : undefined,
    mark: strong ? (strong.classList.contains('tie') ? 'tie' : 'best') : undefined,
    value: readPrecisely(plain, key),
  };
}

function readText(element: Element, without = ''): string {
  const copy = element.cloneNode(true) as Element;
  for (const other of copy.querySelectorAll(['.hidden', '.anchor', without].filter(Boolean).join(','))) other.remove();
  for (const line of copy.querySelectorAll('br, .line')) line.before(' ');
  return (copy.textContent ?? '')
    .replace(/\u00ad/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
