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

for (const details of document.querySelectorAll<HTMLDetailsElement>('details.layers'))
  details.addEventListener('toggle', () => drawMaps(details), { once: true });

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

/** Columns of the table of layers that are drawn as maps. */
const mapped = [
  { column: 2, title: 'Weight error, %' },
  { column: 3, title: 'Output error, %' },
  { column: 1, title: 'Bits per weight' },
];

/** Blocks from left to right, a row a role; the shade runs with the logarithm from the least to the largest value. */
function drawMaps(details: HTMLDetailsElement): void {
  const layers = [...details.querySelectorAll<HTMLTableRowElement>('tbody tr')].flatMap((row) => {
    const [, block, role] = /^(\d+)\.(?:.*\.)?([^.]+)$/.exec(row.cells[0]?.textContent ?? '') ?? [];
    return block === undefined || role === undefined ? [] : { block: Number(block), role, row };
  });
  const maps = element('div', 'maps');
  for (const { column, title } of mapped) {
    const valueOf = ({ row }: { row: HTMLTableRowElement }): number => Number(row.cells[column]?.textContent || NaN);
    const values = layers.map(valueOf).filter((value) => value > 0);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    // Bits that differ by the scales of shorter rows alone say nothing.
    if (values.length === 0 || high < 1.02 * low) continue;
    const table = document.createElement('table');
    for (const role of new Set(layers.map((layer) => layer.role))) {
      const line = table.insertRow();
      line.append(element('th', '', role));
      for (const layer of layers.filter((each) => each.role === role)) {
        const value = valueOf(layer);
        const cell = line.insertCell();
        cell.title = `${layer.block} ${role}: ${value}`;
        cell.className = layer.row.className;
        if (value > 0) cell.style.setProperty('--heat', String(Math.log(value / low) / Math.log(high / low)));
      }
    }
    const figure = element('figure', 'map');
    const frame = element('div', 'scroll');
    frame.append(table);
    figure.append(element('figcaption', '', `${title}: ${low} to ${high}`), frame);
    maps.append(figure);
  }
  if (maps.childElementCount > 0) details.querySelector('summary')?.after(maps);
}

function element(name: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
