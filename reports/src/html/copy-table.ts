/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { toCsv, toLatex, toMarkdown } from '../text-table.js';
import type { TextTable } from '../text-table.js';
import { readTable } from './read-table.js';

const forms: [name: string, write: (table: TextTable) => string][] = [
  ['Markdown', toMarkdown],
  ['LaTeX', toLatex],
  ['CSV', toCsv],
];

/** Puts a button for each form into the table's line of tools, which is made where the page has none. */
export function addCopying(table: HTMLTableElement): void {
  const tools = findTools(table);
  const status = tools.querySelector<HTMLElement>('[role=status]');
  const buttons = document.createElement('span');
  buttons.className = 'copy';
  buttons.append('Copy as ');
  for (const [name, write] of forms) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    const label = table.caption?.textContent ?? table.closest('[aria-label]')?.getAttribute('aria-label') ?? 'table';
    button.setAttribute('aria-label', `Copy as ${name}: ${label}`);
    button.addEventListener('click', () => {
      const read = readTable(table);
      void copyText(write(read)).then((isCopied) => {
        if (!status) return;
        const rows = `${read.rows.length} ${read.rows.length === 1 ? 'row' : 'rows'}`;
        status.textContent = isCopied ? `${rows} copied as ${name}` : 'The browser refused the clipboard';
      });
    });
    buttons.append(button);
  }
  tools.prepend(buttons);
}

function findTools(table: HTMLTableElement): HTMLElement {
  const known = document.querySelector<HTMLElement>(`[data-tools="${table.id}"]`);
  if (known) {
    known.removeAttribute('hidden');
    return known;
  }
  const made = document.createElement('p');
  made.className = 'tools';
  const status = document.createElement('span');
  status.setAttribute('role', 'status');
  made.append(status);
  (table.closest('.scroll') ?? table).before(made);
  return made;
}

/** The clipboard's own interface is refused in some frames; a selection is the old way. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'hidden';
    document.body.append(area);
    const focused = document.activeElement;
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return isCopied;
  }
}
