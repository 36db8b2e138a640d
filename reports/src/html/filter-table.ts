/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

export interface Filter {
  /** Keeps the rows that have every word. */
  filter(text: string): void;
}

/** Binds the search field `data-filter="ID"` to a table's rows; undefined where the page has none for it. */
export function addFilter(
  table: HTMLTableElement,
  body: HTMLTableSectionElement,
  onFilter: (text: string) => void,
): Filter | undefined {
  const input = document.querySelector<HTMLInputElement>(`input[data-filter="${table.id}"]`);
  const status = document.querySelector<HTMLElement>(`[data-status="${table.id}"]`);
  if (!input || !status) return undefined;
  input.closest('[hidden]')?.removeAttribute('hidden');
  // Names, method, bits: figures would match by accident.
  const searched = Number(table.dataset['searched'] ?? 3);
  const apply = (): void => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...body.rows];
    for (const row of rows) {
      const text = [...row.cells].slice(0, searched).map((cell) => (cell.textContent ?? '').toLowerCase());
      row.hidden = !words.every((word) => text.some((part) => part.includes(word)));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    status.textContent = words.length > 0 ? `${shown} of ${rows.length} ${table.dataset['rows'] ?? 'rows'}` : '';
  };
  input.addEventListener('input', () => {
    apply();
    onFilter(input.value);
  });
  return {
    filter(text) {
      input.value = text;
      apply();
    },
  };
}
