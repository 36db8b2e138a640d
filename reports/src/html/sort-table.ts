/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Two directions, then back to the order of the page. */
export const sortOrders = ['none', 'ascending', 'descending'] as const;
export type SortOrder = (typeof sortOrders)[number];

export interface Sorting {
  /** By the number in a header's `data-column`; an unknown one is the order of the page. */
  sort(column: number, order: SortOrder): void;
}

/** Makes a button of each header with `data-column`; rows sort by `data-sort`, by their text where a cell has none. */
export function addSorting(
  table: HTMLTableElement,
  body: HTMLTableSectionElement,
  onSort: (column: number, order: SortOrder) => void,
): Sorting {
  const planned = [...body.rows];
  const headers = [...table.querySelectorAll<HTMLTableCellElement>('thead th[data-column]')];
  const columnOf = (header: HTMLTableCellElement): number => Number(header.dataset['column']);
  const sort = (column: number, order: SortOrder): void => {
    for (const header of headers)
      if (columnOf(header) === column && order !== 'none') header.ariaSort = order;
      else header.removeAttribute('aria-sort');
    table.classList.toggle('sorted', order !== 'none');
    body.append(...sortRows(planned, column, order));
  };
  for (const header of headers) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener('click', () => {
      const now = sortOrders.findIndex((order) => order === (header.ariaSort ?? 'none'));
      const next = sortOrders[(now + 1) % sortOrders.length] ?? 'none';
      sort(columnOf(header), next);
      onSort(columnOf(header), next);
    });
  }
  return { sort };
}

function sortRows(planned: readonly HTMLTableRowElement[], column: number, order: SortOrder): HTMLTableRowElement[] {
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
