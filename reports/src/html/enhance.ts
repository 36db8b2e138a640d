/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Runs in the reader's browser: `page.ts` puts the compiled file into the report. The page is complete without it;
// this adds sorting and the filter.

for (const table of document.querySelectorAll<HTMLTableElement>('table[data-sortable]')) {
  const body = table.tBodies[0];
  if (body) {
    addSorting(table, body);
    addFilter(table, body);
  }
}

function addSorting(table: HTMLTableElement, body: HTMLTableSectionElement): void {
  const planned = [...body.rows];
  const headers = [...table.querySelectorAll<HTMLTableCellElement>('th[data-column]')];
  for (const header of headers) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener('click', () => {
      // Two directions, then back to the order of the plan.
      const next = { ascending: 'descending', descending: 'none' }[header.ariaSort ?? ''] ?? 'ascending';
      for (const other of headers) other.removeAttribute('aria-sort');
      if (next !== 'none') header.ariaSort = next;
      table.classList.toggle('sorted', next !== 'none');
      body.append(...sortRows(planned, Number(header.dataset['column']), next));
    });
  }
}

function sortRows(planned: readonly HTMLTableRowElement[], column: number, order: string): HTMLTableRowElement[] {
  if (order === 'none') return [...planned];
  const sign = order === 'ascending' ? 1 : -1;
  const keyed = planned.map((row) => ({ row, key: readKey(row.cells[column]) }));
  // Cells without a figure stay at the end in both directions.
  const filled = keyed.filter(({ key }) => key !== undefined);
  const empty = keyed.filter(({ key }) => key === undefined);
  filled.sort((a, b) => sign * compareKeys(a.key, b.key));
  return [...filled, ...empty].map(({ row }) => row);
}

function readKey(cell: HTMLTableCellElement | undefined): number | string | undefined {
  if (!cell) return undefined;
  const sort = cell.dataset['sort'];
  if (sort === undefined) return cell.textContent ?? '';
  return sort === '' ? undefined : Number(sort);
}

function compareKeys(a: number | string | undefined, b: number | string | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function addFilter(table: HTMLTableElement, body: HTMLTableSectionElement): void {
  const input = document.querySelector<HTMLInputElement>(`input[data-filter="${table.id}"]`);
  const status = document.querySelector<HTMLElement>(`[data-status="${table.id}"]`);
  if (!input || !status) return;
  input.closest('[hidden]')?.removeAttribute('hidden');
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...body.rows];
    for (const row of rows) {
      // Recipe, method, bits: figures would match by accident.
      const text = [...row.cells].slice(0, 3).map((cell) => (cell.textContent ?? '').toLowerCase());
      row.hidden = !words.every((word) => text.some((part) => part.includes(word)));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    status.textContent = words.length > 0 ? `${shown} of ${rows.length} recipes` : '';
  });
}
